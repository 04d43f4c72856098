"""Photographs to train on; and Accelerate, which keeps its settings for the life of a process, anew for each test."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from accelerate.state import AcceleratorState
from PIL import Image


@pytest.fixture(autouse=True)
def _fresh_accelerator() -> Iterator[None]:
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three pictures."""
    folder, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    for n in range(3):
        small = Image.fromarray(rng.integers(0, 256, (10, 12, 3), dtype=np.uint8))
        small.resize((160, 140), Image.Resampling.BICUBIC).save(folder / f"{n}.png")
    return folder
