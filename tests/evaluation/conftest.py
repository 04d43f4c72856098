"""Pictures on disk, and an MLLM that is none."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cotam.errors import ModelError
from cotam.evaluation.synthetic import synthetic_picture
from cotam.levelvqa import Scene, scene, split_seeds
from cotam.metrics import psnr


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of two small pictures, one of them in a folder below."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(synthetic_picture(48, 40, seed=1)).save(folder / "a.png")
    Image.fromarray(synthetic_picture(64, 32, seed=2)).save(folder / "below" / "b.png")
    return folder


LEVEL_DECIBELS = {"low": 18.0, "cross": 28.0, "high": 22.0}
"""PSNR at which the pretended MLLM answers half of a level's questions."""


class PretendedMllm:
    """Reads the truth from the scene that a picture shows, and errs the more, the lower its PSNR is.

    It finds the scene by comparing pictures, so it only sees what the harness hands it. Streams it decodes, and is
    then a little better than with the picture alone, as an adapter should be.
    """

    name = "pretended"

    def __init__(self, seeds: range, codec: Any = None, adapters: tuple[str | None, ...] = (None,)) -> None:
        self.scenes = [scene(seed) for seed in seeds]
        self.codec, self.adapters = codec, adapters
        self.asked: list[tuple[str, int]] = []
        self.stop_after: int | None = None

    def answerer(self, mode: str, adapter: str | None, codec: Any) -> "PretendedAnswerer":
        if mode == "neck" or (mode == "adapter" and adapter not in self.adapters):
            raise ModelError(f"there is no {mode} {adapter}")
        if mode == "adapter" and codec.model_id != self.codec.model_id:
            raise ModelError(f"there is no {mode} for {codec.name}")
        return PretendedAnswerer(self, mode)


class PretendedAnswerer:
    def __init__(self, mllm: PretendedMllm, mode: str) -> None:
        self.mllm, self.identity = mllm, f"pretended-{mode}"
        self.bonus = 3.0 if mode == "adapter" else 0.0
        self.seen: tuple[Any, Scene, float] | None = None

    def answer_batch(self, items: Sequence[tuple[Any, str]]) -> list[str]:
        self.mllm.asked.append((self.identity, len(items)))
        if self.mllm.stop_after is not None and len(self.mllm.asked) > self.mllm.stop_after:
            raise KeyboardInterrupt
        return [self._answer(given, text) for given, text in items]

    def layer_tokens(self, given: Any) -> torch.Tensor:
        patches = self._pixels(given).reshape(14, 16, 14, 16, 3).swapaxes(1, 2).reshape(196, -1)
        return torch.stack([torch.from_numpy(patches.astype(np.float32)) - 128, torch.ones(196, 768)])

    def _answer(self, given: Any, text: str) -> str:
        if self.seen is None or self.seen[0] is not given:
            pixels = self._pixels(given)
            distances = [psnr(np.asarray(one.image), pixels) for one in self.mllm.scenes]
            self.seen = given, self.mllm.scenes[int(np.argmax(distances))], max(distances)
        _, found, distance = self.seen
        question = next((question for question in found.questions if question.text == text), None)
        if question is None:
            return "no idea"
        chance = 1 / (1 + np.exp((LEVEL_DECIBELS[question.level] - distance - self.bonus) / 3))
        return question.answer if zlib.crc32(question.id.encode()) / 2**32 < chance else "no idea"

    def _pixels(self, given: Any) -> np.ndarray:
        return np.asarray(self.mllm.codec.decode(given).convert("RGB") if isinstance(given, bytes) else given)


@pytest.fixture(scope="session")
def pretended() -> Callable[..., PretendedMllm]:
    """Makes a pretended MLLM that knows the first scenes of the test split."""
    return lambda num, **options: PretendedMllm(split_seeds("test", num), **options)
