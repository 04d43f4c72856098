"""``cotam-s`` with guidance and adapter: ``cotam-s``, ``cotam-s+GUIDANCE``, ``…+adapter=NAME``, ``…+neck``.

Another codec that ships can stand in its place: ``cotam-s-d2``, ``cotam-s-d2+adapter``.
"""

import re
from typing import Final

from cotam.checkpoint.registry import known_models
from cotam.codec import Guide, load_codec
from cotam.evaluation.methods.method import Method, Mode
from cotam.evaluation.rivals.cotam_s import CotamRival

PREFIX: Final = "cotam-s"
EMBEDDED_TOWER: Final = re.compile(r"(?<![^+=])levelvqa(?![^:+,])")
"""The embedded MLLM's name where guidance names a tower."""
_ADAPTER: Final = re.compile(r"(adapter|neck)(?:=([\w./-]+))?")


def cotam(name: str, model: str) -> Method:
    """Make the method.

    Args:
        name: ``cotam-s`` or another codec that ships, with terms after plus signs: sources of guidance, then perhaps
            ``adapter``, ``adapter=NAME`` or ``neck=NAME``. ``levelvqa`` as a source is the embedded MLLM's tower.
        model: name or file of the weights that ``cotam-s`` stands for.

    Raises:
        ValueError: the guidance is not known.
        ModelError: model or tower cannot be loaded.
    """
    base, *terms = name.split("+")
    found = _ADAPTER.fullmatch(terms[-1]) if terms else None
    guidance = "+".join(terms[:-1] if found else terms)
    if not all(terms):
        raise ValueError(f"method {name!r}: there is nothing behind a plus sign")
    guide = guide_named(guidance) if guidance else None
    codec = CotamRival(load_codec(model if base == PREFIX else base), guide=guide, guidance=guidance or None)
    return Method(name, codec, _mode(found), found and found[2])


def is_cotam(name: str) -> bool:
    """Whether the name begins with a codec that ships."""
    return name.partition("+")[0] in {PREFIX, *(card.name for card in known_models())}


def _mode(found: re.Match[str] | None) -> Mode:
    if found is None:
        return "pixels"
    return "neck" if found[1] == "neck" else "adapter"


def guide_named(guidance: str) -> Guide:
    """The guide of a text, in which ``levelvqa`` is the embedded MLLM's tower.

    Raises:
        What `Guide.parse` raises; ModelError: the embedded MLLM does not ship with this cotam.
    """
    return Guide.parse(with_embedded_tower(guidance))


def with_embedded_tower(guidance: str) -> str:
    """Put the folder of the embedded MLLM, whose tower is asked for, in the place of its name.

    Raises:
        ModelError: it does not ship with this cotam.
    """
    if not EMBEDDED_TOWER.search(guidance):
        return guidance
    from cotam.mllm.shipped import embedded_checkpoint

    folder = str(embedded_checkpoint())
    return EMBEDDED_TOWER.sub(lambda _: folder, guidance)
