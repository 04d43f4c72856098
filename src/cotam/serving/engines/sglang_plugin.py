"""A plugin for SGLang: its server opens pictures with Pillow, so the Pillow plugin is all that is missing.

Its entry point (group ``sglang.srt.plugins``) is called in every process of SGLang.
"""


def register() -> None:
    """Make Pillow open ``.cotam``; SGLang calls this."""
    from cotam import pillow_plugin

    pillow_plugin.register()
