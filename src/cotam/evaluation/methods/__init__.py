"""The methods that ``cotam eval`` compares, by name.

::

    png                          the original: a ceiling
    jpeg | webp | avif           Pillow's
    cotam-s                      uniform
    cotam-s+GUIDANCE             guided, decoded to a picture; several sources with plus signs
    cotam-s[+GUIDANCE]+adapter   latents go to the tower beside the picture; +adapter=NAME for another adapter
    cotam-s[+GUIDANCE]+neck      latents go to the tower instead of a picture; +neck=NAME
    bridge-d1 | -d2 | -d3        the same, in the Bridge paper's three settings
    cotam-s-d2[+…]               as with cotam-s, behind another codec that ships
    full, without-adapter, …     the paper's ablations, see `ABLATIONS`
    full-joint                   as full, around a codec that learned together with its adapter
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.evaluation import rivals
from cotam.evaluation.methods.ablations import (
    ABLATIONS,
    FULL_JOINT,
    SYSTEMS,
    AblationGuidance,
    system_named,
)
from cotam.evaluation.methods.bridge import SETTINGS, bridge
from cotam.evaluation.methods.cotam import PREFIX, cotam, is_cotam
from cotam.evaluation.methods.fitting import Fitted
from cotam.evaluation.methods.method import Method, Mode, Shown

__all__ = [
    "ABLATIONS",
    "FULL_JOINT",
    "METHODS",
    "AblationGuidance",
    "Fitted",
    "Method",
    "Mode",
    "Shown",
    "check_names",
    "load_methods",
    "method_names",
]

_BRIDGES = tuple(f"bridge-{setting}" for setting in SETTINGS)
_PILLOW = ("png", "jpeg", "webp", "avif")
METHODS = (*_PILLOW, PREFIX, *_BRIDGES, *SYSTEMS)
"""Names of methods that stand for themselves; the others begin with ``cotam-s`` or another codec that ships."""


def method_names(text: str) -> list[str]:
    """Take a list of names with commas between apart; commas inside guidance stay."""
    spaced = {name.replace("-", " ") for name in SYSTEMS}
    return rivals.split_names(text, {*METHODS, *spaced})


def check_names(names: Iterable[str]) -> None:
    """Refuse names of no method, before anything is loaded.

    Raises:
        ValueError: a name is unknown, or there is none.
    """
    listed = list(names)
    known = f"{', '.join(METHODS)}, cotam-s+GUIDANCE, cotam-s+GUIDANCE+adapter, or another codec that ships"
    if not listed:
        raise ValueError(f"name at least one method of {known}")
    for name in listed:
        if not (name in METHODS or is_cotam(name) or system_named(name)):
            raise ValueError(f"unknown method {name!r}; known: {known}")


def load_methods(
    names: Sequence[str], model: str = DEFAULT_MODEL, guidance: AblationGuidance | None = None
) -> list[Method]:
    """Prepare methods in the order named, each once.

    Args:
        names: as `check_names` allows.
        model: name or file of cotam's weights.
        guidance: what the ablations call guidance.

    Raises:
        ValueError: a name or guidance is unknown, or there is no name.
        ModelError: a codec or a tower cannot be loaded.
        CotamError: Pillow lacks a format.
    """
    check_names(names)
    chosen = guidance or AblationGuidance()
    return [_load(name, model, chosen) for name in dict.fromkeys(names)]


def _load(name: str, model: str, guidance: AblationGuidance) -> Method:
    if name in _PILLOW:
        return Method(name, rivals.load_rivals([name])[0])
    if name in _BRIDGES:
        return bridge(name.removeprefix("bridge-"), model)
    system = system_named(name)
    if system:
        return replace(cotam(guidance.method(system), model), name=system)
    return cotam(name, model)
