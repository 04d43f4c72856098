"""What guidance adds to the time of encoding: the first three blocks of a tower the size of CLIP ViT-B/16."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from cotam.codec import Codec, Guide
from cotam.evaluation.rivals import Pixels
from cotam.guidance import TowerGuidance

if TYPE_CHECKING:
    from cotam.vision import Tower

QUALITY = 40.0
CLIP_B16 = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 3,
    "image_size": 224,
    "patch_size": 16,
}
"""Sizes of CLIP ViT-B/16, but for the blocks that guidance never runs."""

Result = TypeVar("Result")


@contextmanager
def random_clip() -> Iterator[Path]:
    """Write a tower of `CLIP_B16` with random weights, as towers always come; the folder goes away afterwards.

    Raises:
        ModelError: transformers is not installed.
    """
    from cotam.vision.weights import import_transformers

    transformers = import_transformers()
    transformers.utils.logging.disable_progress_bar()
    with TemporaryDirectory() as folder:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**CLIP_B16))
            model.save_pretrained(Path(folder))
        yield Path(folder)


def random_tower(device: str = "cpu") -> "Tower":
    """Load the tower of `random_clip`; errors as there."""
    from cotam.vision import load_tower

    with random_clip() as folder:
        return load_tower(folder, device=device)


def time_guidance(codec: Codec, pixels: Pixels, repeat: int) -> dict[str, Any]:
    """Median times of encoding's parts with a random tower's guidance, everything loaded and warm."""
    guide = Guide(TowerGuidance(random_tower(str(codec.device))))
    rounds = [_stages(codec, guide, pixels) for _ in range(repeat + 1)][1:]
    times = {stage: 1e3 * median(row[stage] for row in rounds) for stage in rounds[0]}
    base = times["analysis transform"] + times["entropy stage"]
    return {
        "picture": f"{pixels.shape[1]}x{pixels.shape[0]}",
        "threads": torch.get_num_threads(),
        "device": str(codec.device),
        "repeat": repeat,
        "milliseconds": {stage: round(value, 2) for stage, value in times.items()},
        "added_percent": round(100 * times["guidance"] / base, 1),
    }


def _stages(codec: Codec, guide: Guide, pixels: Pixels) -> dict[str, float]:
    """Seconds of each part for one picture."""
    level_map, guiding = _timed(codec, lambda: guide.level_map(pixels))
    analysis, analysing = _timed(codec, lambda: codec.analyse(pixels))
    _, coding = _timed(codec, lambda: codec.encode_analysis(analysis, QUALITY, level_map))
    return {"guidance": guiding, "analysis transform": analysing, "entropy stage": coding}


def _timed(codec: Codec, function: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    result = function()
    if codec.device.type == "cuda":
        torch.cuda.synchronize(codec.device)
    return result, time.perf_counter() - began
