"""Which of the adapters and necks that ship is meant."""

from collections.abc import Callable, Iterator
from typing import Final

from cotam.checkpoint.adapter_cards import (
    KIND_NAMES,
    AdapterFile,
    TowerIdentity,
    find_adapter,
    known_adapters,
)
from cotam.checkpoint.registry import SUFFIX
from cotam.errors import ModelError

VARIANTS: Final = ("no-prior", "high-only", "low-only")
"""Adapters that were trained for an ablation end in one of these names, after a hyphen."""
SETTINGS: Final = ("d1", "d2", "d3")


def choose_adapter(mode: str, name: str | None, codec_id: str, tower: TowerIdentity) -> AdapterFile:
    """Find an adapter or a neck.

    Args:
        mode: ``adapter`` or ``neck``.
        name: a file, a name, one of `VARIANTS`, of a neck also its setting; None is the one that is no variant.
        codec_id: hex id of the codec whose streams it is to read.
        tower: of the MLLM.

    Raises:
        ModelError: there is none that fits codec and tower, or several, or the named one is of the other kind.
    """
    kind = "neck" if mode == "neck" else "adapter"
    if name is not None and (name.endswith(SUFFIX) or name not in (*VARIANTS, *SETTINGS)):
        return _checked(find_adapter(name), kind)
    found = _meant(kind, name, codec_id, tower)
    if len(found) == 1:
        return found[0]
    wanted = f"{KIND_NAMES[kind]}{f' {name}' if name else ''}"
    if found:
        names = ", ".join(file.card.name for file in found)
        raise ModelError(
            f"several a {wanted} could mean for codec {codec_id} and {tower.name}: {names}; name one"
        )
    raise ModelError(f"no {wanted} ships for codec {codec_id} and the tower of {tower.name}")


def default_adapters(width: int, identify: Callable[[], TowerIdentity]) -> list[AdapterFile]:
    """Find the adapters that ship for a model, one for each codec.

    Args:
        width: of the model's tower.
        identify: tells which tower it is; that takes a hash of its weights, and is not asked where no width fits.
    """
    if not any(file.card.tower.width == width for file in known_adapters()):
        return []
    tower = identify()
    codecs = dict.fromkeys(file.card.codec.model_id for file in known_adapters())
    meant = (_meant("adapter", None, codec, tower) for codec in codecs)
    return [files[0] for files in meant if files]


def _meant(kind: str, name: str | None, codec_id: str, tower: TowerIdentity) -> list[AdapterFile]:
    return [file for file in _fitting(kind, codec_id, tower) if _is_meant(file, name)]


def _fitting(kind: str, codec_id: str, tower: TowerIdentity) -> Iterator[AdapterFile]:
    wanted = kind, codec_id, tower.fingerprint
    for file in known_adapters():
        card = file.card
        if (card.kind, card.codec.model_id, card.tower.fingerprint) == wanted:
            yield file


def _is_meant(file: AdapterFile, name: str | None) -> bool:
    variant = next((one for one in VARIANTS if file.card.name.endswith(f"-{one}")), None)
    if name in SETTINGS:
        return variant is None and file.card.setting == name
    return variant == name


def _checked(file: AdapterFile, kind: str) -> AdapterFile:
    if file.card.kind != kind:
        raise ModelError(f"{file.card} is no {KIND_NAMES[kind]}")
    return file
