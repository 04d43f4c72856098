"""An OpenAI-compatible server for pictures in few bytes: a model of its own, or a proxy before another server.

``cotam serve`` starts it. In Python, `create_app` makes the application and `run` serves it; `engines` has the
plugins by which vLLM and SGLang read ``.cotam`` themselves, and a deployment for Ray Serve.
"""

from typing import Any

_HOME = {
    "Limits": "settings",
    "LocalBackend": "local",
    "Settings": "settings",
    "UpstreamBackend": "upstream",
    "create_app": "app",
    "run": "running",
}

__all__ = ["Limits", "LocalBackend", "Settings", "UpstreamBackend", "create_app", "run"]


def __getattr__(name: str) -> Any:
    """Import on first use: the engines' plugins need no web server."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
