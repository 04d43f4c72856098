"""The vision side of an MLLM, and nothing else of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotam.checkpoint import TowerIdentity, tower_identity
from cotam.checkpoint.registry import SHIPPED
from cotam.errors import ModelError
from cotam.mllm.embedded.saving import CLIP_FOLDER, LLAVA_FOLDER
from cotam.mllm.shipped import EMBEDDED, SHIPPED_NAMES
from cotam.training.attention import attention_for
from cotam.vision import Tower, load_tower
from cotam.vision.folder import CONFIG, find_folder
from cotam.vision.weights import read_config


@dataclass(frozen=True, eq=False)
class TrainingTower:
    """The tower that tokens are made for."""

    tower: Tower
    identity: TowerIdentity
    read_after: int
    """Number of blocks after which the language model reads the tokens."""
    texts: Tower | None
    """The same tower with its text side, if there is one."""


def load_training_tower(mllm: str | Path, text_side: str | Path | None = None) -> TrainingTower:
    """Load the vision tower of an MLLM; the language model's weights stay on the disk.

    Args:
        mllm: hub id or folder of an MLLM, or of a tower alone; ``levelvqa`` is the embedded model, and a folder of
            `save_embedded` is one such as well. Of a folder, the identity has its name without the path.
        text_side: hub id or folder of the CLIP or SigLIP that the tower is of; not needed for the embedded model.

    Raises:
        ModelError: there is no such model, it has no tower that is known, or the text side is of another tower.
    """
    vision, language = _folders(mllm)
    tower = load_tower(vision)
    _check_vision_only(tower)
    named = Path(mllm).resolve().name if Path(mllm).is_dir() else str(mllm)
    identity = tower_identity(named, tower.model)
    tower.model.set_attn_implementation(attention_for(identity.prefix + identity.grid[0] * identity.grid[1]))
    texts = tower if tower.has_text else None
    if text_side is not None:
        texts = _text_tower(text_side, identity)
    return TrainingTower(tower, identity, _read_after(language, tower.depth), texts)


def _folders(mllm: str | Path) -> tuple[str | Path, Path]:
    """Where the tower is loaded from, and the folder whose configuration says how the MLLM reads it."""
    ships = str(mllm) in SHIPPED_NAMES and not Path(mllm).is_dir()  # all on one tower
    folder = SHIPPED / EMBEDDED if ships else Path(mllm)
    if (folder / CLIP_FOLDER / CONFIG).is_file():
        return folder / CLIP_FOLDER, folder / LLAVA_FOLDER
    if ships:
        raise ModelError(
            f"the embedded model {EMBEDDED!r} does not ship with this cotam; pass the folder of one that you trained "
            "(cotam train levelvqa), or another MLLM"
        )
    return mllm, find_folder(mllm)


def _check_vision_only(tower: Tower) -> None:
    """Make sure that no language model came along: it would take the memory that training needs."""
    for name, _ in tower.model.named_modules():
        if name.split(".")[-1] in ("language_model", "text_model", "lm_head"):
            raise ModelError(f"{tower.name}: {name} was loaded, but only the vision tower is needed")


def _text_tower(text_side: str | Path, identity: TowerIdentity) -> Tower:
    texts = load_tower(text_side)
    if not texts.has_text:
        raise ModelError(f"{text_side}: has no text side; pass a whole CLIP or SigLIP with its tokenizer")
    if tower_identity(str(text_side), texts.model).fingerprint != identity.fingerprint:
        raise ModelError(f"{text_side}: its vision tower is another than that of {identity.name}")
    return texts


def _read_after(folder: Path, depth: int) -> int:
    """Blocks that an MLLM runs before it reads; all of them where its configuration does not say."""
    layers: Any = getattr(read_config(folder, str(folder)), "vision_feature_layer", -1)
    chosen = [layers] if isinstance(layers, int) else list(layers)
    return max(layer if layer >= 0 else depth + 1 + layer for layer in chosen)
