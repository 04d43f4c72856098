"""Guidance by name, as the command line and the evaluation harness give it: ``clip:layers=0-2,grid=8``.

::

    guidance = source ("+" source)*
    source   = name [":" argument ("," argument)*]
    argument = option "=" value, or for map and roi a bare value

    uniform | saliency | random:seed=3 | random:seed=3,like=clip | map:FILE | roi:x,y,w,h
    clip | openai/clip-vit-base-patch16:layers=0-2 | path/to/tower:attention=received,hierarchical=on
    clip:prompt=the street sign

A tower is a hub id or a folder, or one of the short names of `TOWERS`. ``layers`` takes numbers and ranges, joined by
slashes: ``0-2/5``. grid, k, levels and strength belong to the level map, so they may stand at any one source. Phrases
and files with a comma or a plus sign cannot be written so; make those sources in Python.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from cotam.guidance.attention import DEFAULT_LAYERS, Attention
from cotam.guidance.combining import combine
from cotam.guidance.controls import RandomGuidance, UniformGuidance
from cotam.guidance.hierarchical import Hierarchical
from cotam.guidance.level_map import Grid, LevelOptions
from cotam.guidance.protocol import Guidance
from cotam.guidance.roi import RoiGuidance
from cotam.guidance.saliency import SaliencyGuidance
from cotam.guidance.user_map import MapGuidance

DEFAULT_GUIDANCE: Final = "uniform"
"""What an encoder uses that is told nothing; the tower that ships with the package knows drawn scenes alone."""

TOWERS: Final = {
    "clip": "openai/clip-vit-large-patch14-336",
    "clip-b": "openai/clip-vit-base-patch16",
    "siglip": "google/siglip-so400m-patch14-384",
    "siglip-b": "google/siglip-base-patch16-224",
    "dinov2": "facebook/dinov2-large",
    "dinov2-b": "facebook/dinov2-base",
    "dinov3": "facebook/dinov3-vitl16-pretrain-lvd1689m",
    "internvit": "OpenGVLab/InternVL3-1B-hf",
}
"""Short names of well-known towers, and their hub ids."""

_KNOWN = (
    "uniform, random, saliency, map:FILE, roi:x,y,w,h, the hub id or folder of a vision tower, "
    f"or a tower's short name: {', '.join(TOWERS)}"
)
BOX_NUMBERS: Final = 4
"""Numbers of a box: x, y, width and height."""
_SWITCH: Final[dict[str, Any]] = {"on": True, "off": False, "auto": "auto"}

Options = dict[str, str]
Value = TypeVar("Value")


@dataclass(frozen=True)
class TowerTerm:
    """A tower in a text, and what it is asked for."""

    name: str
    """Hub id or folder; short names are replaced."""
    layers: tuple[int, ...]
    attention: Attention
    hierarchical: Hierarchical
    prompt: str | None


Look = Callable[[TowerTerm], Guidance]
"""Makes the guidance of a tower: on torch, or on a runtime that does without."""


def parse_sources(text: str, look: Look) -> tuple[Guidance, LevelOptions]:
    """Make the guidance that a text names.

    Args:
        text: such as "uniform", "clip:layers=0-2,grid=8" or "clip+roi:10,20,200,100"; the grammar is above.
        look: makes the guidance of a tower.

    Returns:
        The guidance, and how levels are made of its importance.

    Raises:
        ValueError: naming the source, option or value that is not known, and those that are.
        ModelError: if a tower cannot be loaded.
        ImageError: if the file of a map cannot be used.
    """
    sources, level_options = [], Options()
    for term in text.split("+"):
        name, bare, options = _split(term.strip())
        for key in _LEVEL_OPTIONS.keys() & options.keys():
            if level_options.setdefault(key, options[key]) != options[key]:
                raise ValueError(
                    f"guidance {text!r}: {key} is given twice, {level_options[key]} and {options[key]}"
                )
            del options[key]
        sources.append(_source(name, bare, options, look))
    return combine(*sources), _level_options(level_options)


def _split(term: str) -> tuple[str, list[str], Options]:
    """Split a source into its name, bare values and options."""
    match = re.match(r"(map|roi):(.*)", term) or re.match(r"(.*?):([^:,=]+=.*)", term)
    name, arguments = match.groups() if match else (term, "")
    parts = [part.strip() for part in arguments.split(",")] if arguments else []
    pairs = [part.split("=", 1) for part in parts if "=" in part]
    options = {key.strip(): value.strip() for key, value in pairs}
    if len(options) < len(pairs):
        raise ValueError(f"guidance {term!r} gives an option twice")
    return name, [part for part in parts if "=" not in part], options


def _source(name: str, bare: list[str], options: Options, look: Look) -> Guidance:
    make = _SOURCES.get(name, partial(_tower, name))
    if bare and name not in ("map", "roi"):
        raise ValueError(f"guidance {name!r}: {bare[0]!r} is no option=value")
    known = _OPTIONS_OF.get(name, () if name in _SOURCES else _TOWER_OPTIONS)
    for key in options:
        if key not in known:
            listed = ", ".join((*known, *_LEVEL_OPTIONS))
            raise ValueError(f"guidance {name!r} has no option {key!r}; known: {listed}")
    return make(bare, options, look)


def _tower(name: str, _: list[str], options: Options, look: Look) -> Guidance:
    if not (name in TOWERS or "/" in name or os.path.isdir(name)):
        raise ValueError(f"unknown guidance {name!r}; known: {_KNOWN}")
    attention: Any = options.get("attention", "auto")
    term = TowerTerm(
        TOWERS.get(name, name),
        _read(options, "layers", _layers, DEFAULT_LAYERS),
        attention,
        _read(options, "hierarchical", _switch, _SWITCH["auto"]),
        options.get("prompt"),
    )
    return look(term)


def _random(_: list[str], options: Options, look: Look) -> Guidance:
    like = _source(options["like"], [], {}, look) if "like" in options else None
    return RandomGuidance(_read(options, "seed", int, 0), like)


def _map(bare: list[str], _: Options, __: Look) -> Guidance:
    if len(bare) != 1 or not bare[0]:
        raise ValueError("guidance 'map' needs one file, as in map:FILE")
    return MapGuidance(bare[0])


def _roi(bare: list[str], _: Options, __: Look) -> Guidance:
    try:
        numbers = [float(part) for part in bare]
    except ValueError as error:
        raise ValueError(f"guidance 'roi' needs numbers x,y,w,h, not {','.join(bare)!r}") from error
    if len(numbers) % BOX_NUMBERS:
        raise ValueError(f"guidance 'roi' needs four numbers x,y,w,h for each box, not {','.join(bare)!r}")
    starts = range(0, len(numbers), BOX_NUMBERS)
    return RoiGuidance([(numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]) for i in starts])


def _layers(text: str) -> tuple[int, ...]:
    chosen: list[int] = []
    for part in text.split("/"):
        first, _, last = part.partition("-")
        chosen += range(int(first), int(last or first) + 1)
    return tuple(chosen)


def _grid(text: str) -> Grid:
    if text == "auto":
        return "auto"
    rows, cross, columns = text.partition("x")
    return (int(rows), int(columns)) if cross else int(rows)


def _switch(text: str) -> Any:
    if text not in _SWITCH:
        raise ValueError
    return _SWITCH[text]


def _read(options: Options, key: str, read: Callable[[str], Value], default: Value) -> Value:
    """Read an option's value, or say what it should look like."""
    if key not in options:
        return default
    try:
        return read(options[key])
    except ValueError as error:
        raise ValueError(
            f"guidance option {key}={options[key]} is not understood; right is {_RIGHT[key]}"
        ) from error


def _level_options(options: Options) -> LevelOptions:
    values = {
        field: _read(options, key, read, None)
        for key, (field, read) in _LEVEL_OPTIONS.items()
        if key in options
    }
    return LevelOptions(**values)


_LEVEL_OPTIONS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "grid": ("grid", _grid),
    "k": ("k", float),
    "levels": ("count", int),
    "strength": ("strength", float),
}
_TOWER_OPTIONS: Final = ("layers", "attention", "hierarchical", "prompt")
_OPTIONS_OF: Final = {"random": ("seed", "like")}
_RIGHT: Final = {
    "grid": "a number such as 8, rows x columns such as 8x12, or auto",
    "k": "a number such as 0.75",
    "levels": "3, 5, 7 or 9",
    "strength": "a number such as 10",
    "seed": "a whole number",
    "layers": "numbers and ranges such as 0-2 or 0/2/4-6",
    "hierarchical": ", ".join(_SWITCH),
}
_SOURCES: Final[dict[str, Callable[[list[str], Options, Look], Guidance]]] = {
    "uniform": lambda *_: UniformGuidance(),
    "saliency": lambda *_: SaliencyGuidance(),
    "random": _random,
    "map": _map,
    "roi": _roi,
}
