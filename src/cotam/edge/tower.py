"""CLIP towers out of local checkpoints, without torch and transformers."""

import json
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from cotam.edge.runtimes import Compile, NeedsTorchError, Program, import_package
from cotam.edge.tower_graph import ClipSizes, importance_graph
from cotam.errors import ModelError
from cotam.guidance.attention import Attention
from cotam.guidance.hierarchical import Hierarchical, Pixels
from cotam.guidance.looking import AttentionGuidance
from cotam.vision.folder import CONFIG, WEIGHTS, find_folder
from cotam.vision.preprocessing import CLIP_MEAN, CLIP_STD, read_preprocessing

INSIDE: Final = re.compile(r"^(?:model\.)?(?:vision_tower\.|vision_model\.)?(?:vision_model\.)?(.*)$")
"""How tensors of a tower are called in a checkpoint that holds more than the tower."""


class EdgeTower:
    """A CLIP tower whose attention can be asked for; `cotam.guidance.attention.Looking`.

    Args:
        name_or_path: folder of a checkpoint, or the id of a hub repository.
        compile_graph: makes programs of graphs.

    Raises:
        ModelError: there is no such checkpoint, or it holds no CLIP tower.
    """

    has_class_token = True
    prefix_tokens = 1

    def __init__(self, name_or_path: str, compile_graph: Compile) -> None:
        self.name, self._compile = name_or_path, compile_graph
        self._folder = _folder(name_or_path)
        self.sizes = _sizes(self._folder, name_or_path)
        self.depth, self.heads = self.sizes.depth, self.sizes.heads
        self.input_size = self.sizes.preprocessing.size
        self._programs: dict[tuple[tuple[int, ...], str], Program] = {}

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches of an input of so many pixels."""
        return height // self.sizes.patch, width // self.sizes.patch

    def maps(
        self, pictures: Sequence[Pixels], layers: tuple[int, ...], attention: str
    ) -> NDArray[np.float32]:
        """Mean attention weight of each patch of pictures, float32 (N, rows, columns)."""
        if (layers, attention) not in self._programs:
            with _Tensors(self._folder, self.name) as tensors:
                model = importance_graph(self.sizes, tensors, layers, attention)
            self._programs[layers, attention] = self._compile(model)
        (rows, columns), patch = self.sizes.grid, self.sizes.patch
        pixels = self.sizes.preprocessing.resized(pictures)[:, : rows * patch, : columns * patch]
        (importance,) = self._programs[layers, attention](pixels=pixels)
        return importance.reshape(-1, rows, columns)


class EdgeTowerGuidance(AttentionGuidance):
    """Importance from the attention of a tower's first blocks, on an edge runtime."""

    tower: EdgeTower

    def __init__(
        self, tower: EdgeTower, layers: Sequence[int], attention: Attention, hierarchical: Hierarchical
    ) -> None:
        super().__init__(tower, layers, attention, hierarchical)

    def maps(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """See `AttentionGuidance.maps`."""
        return self.tower.maps(pictures, self.layers, self.attention)


class _Tensors:
    """Reads single tensors of a checkpoint by their names inside the tower."""

    def __init__(self, folder: Path, name: str) -> None:
        import_package("ml_dtypes")  # gives NumPy bfloat16, which safetensors then reads
        self._name, self._files, self._places = name, [], dict[str, tuple[Any, str]]()
        try:
            for path in sorted(folder.glob(WEIGHTS)):
                file = safe_open(path, framework="np")
                self._files.append(file)
                for key in file.keys():  # type: ignore[no-untyped-call]  # noqa: SIM118 - no mapping
                    self._places.setdefault(INSIDE.sub(r"\1", key), (file, key))
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{name}: the weights cannot be loaded ({error})") from error

    def __enter__(self) -> "_Tensors":
        return self

    def __exit__(self, *_: object) -> None:
        self._files.clear()
        self._places.clear()

    def __call__(self, name: str) -> NDArray[Any]:
        if name not in self._places:
            raise ModelError(f"{self._name}: the weights lack {name}; the checkpoint is incomplete")
        file, key = self._places[name]
        tensor: NDArray[Any] = file.get_tensor(key)
        return tensor


def _folder(name: str) -> Path:
    if not Path(name).expanduser().is_dir() and find_spec("huggingface_hub") is None:
        raise ModelError(
            f"{name}: no such folder, and hub ids need huggingface_hub: pip install huggingface_hub"
        )
    return find_folder(name)


def _sizes(folder: Path, name: str) -> ClipSizes:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        vision = config.get("vision_config") or config
        kind = vision.get("model_type")
        if kind != "clip_vision_model":
            raise NeedsTorchError(
                f"{name}: a tower of type {kind!r}; edge runtimes know CLIP, others need torch (--runtime torch)"
            )
        sizes = ClipSizes(
            width=int(vision["hidden_size"]),
            heads=int(vision["num_attention_heads"]),
            depth=int(vision["num_hidden_layers"]),
            patch=int(vision["patch_size"]),
            activation=str(vision.get("hidden_act", "quick_gelu")),
            epsilon=float(vision.get("layer_norm_eps", 1e-5)),
            preprocessing=read_preprocessing(folder, vision.get("image_size"), CLIP_MEAN, CLIP_STD),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{name}: {CONFIG} is damaged or of an unknown model ({error})") from error
    if sizes.heads < 1 or sizes.width % sizes.heads or min(sizes.grid) < 1:
        raise ModelError(f"{name}: {CONFIG} states impossible sizes")
    return sizes
