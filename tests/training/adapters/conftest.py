"""An embedded model of the smallest sizes, pictures in folders, and runs on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from cotam.mllm.embedded import (
    EmbeddedSizes,
    assemble,
    build_clip,
    build_llava,
    build_processor,
    build_tokenizer,
    save_embedded,
)
from cotam.training.adapters.config import AdapterTrainingConfig, NeckTrainingConfig
from cotam.training.adapters.examples import SceneSource
from cotam.training.adapters.run import Inputs, adapter_run, neck_run
from cotam.training.run import TrainingRun

SIDE = 64
SIZES = EmbeddedSizes(
    vision_width=32,
    vision_layers=4,
    vision_heads=2,
    patch=16,
    image=SIDE,
    projection=16,
    text_width=16,
    text_layers=1,
    text_heads=2,
    language_width=32,
    language_layers=1,
    language_heads=2,
    language_mlp=48,
    vision_feature_layer=-2,
)
RECIPE: dict[str, Any] = {
    "batch": 4,
    "steps": 4,
    "warmup": 1,
    "bf16": False,
    "ema": 0.5,
    "learning_rate": 1e-3,
}


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of `save_embedded`, weights random."""
    folder = tmp_path_factory.mktemp("embedded") / "model"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tokenizer = build_tokenizer([*SceneSource.texts, "What is here?", "red blue"])
        clip = build_clip(SIZES, tokenizer)
        with torch.no_grad():
            for parameter in clip.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
        llava = build_llava(SIZES, tokenizer, clip)
    save_embedded(folder, clip, llava, tokenizer, build_processor(SIZES, tokenizer), dtype=torch.float32)
    return folder


@pytest.fixture(scope="session")
def llava(embedded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole LLaVA checkpoint of `embedded`."""
    return assemble(embedded, tmp_path_factory.mktemp("whole") / "llava")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory, make_picture: Callable[..., Any]) -> Path:
    """A folder of eight pictures in two class folders."""
    root = tmp_path_factory.mktemp("pictures")
    for number in range(8):
        folder = root / ("red_stars" if number % 2 else "dots")
        folder.mkdir(exist_ok=True)
        Image.fromarray(make_picture(80 + number, 100, seed=number)).save(folder / f"{number}.png")
    return root


@pytest.fixture(autouse=True)
def _few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("adapter_task", "neck_task", "joint_task"):
        monkeypatch.setattr(f"cotam.training.adapters.{module}.PICTURES", 4)
    monkeypatch.setattr("cotam.training.adapters.export.CALIBRATION_PICTURES", 4)


@pytest.fixture
def inputs(embedded: Path, random_model_path: Path, pictures: Path) -> Inputs:
    return Inputs(str(embedded), str(random_model_path), [str(pictures)], workers=0)


@pytest.fixture
def start(inputs: Inputs) -> Callable[..., TrainingRun]:
    """Start or resume a run: folder, kind (adapter, joint, d1, d2, d3), changes of the recipe."""

    def begin(folder: Path, kind: str, *, given: Inputs | None = None, **changes: Any) -> TrainingRun:
        resume = changes.pop("resume", False)
        options = RECIPE | changes
        if kind in ("adapter", "joint"):
            recipe = AdapterTrainingConfig(**options, joint=kind == "joint")
            return adapter_run(folder, given or inputs, recipe, resume=resume)
        options.setdefault("fidelity", 1.0)
        config = NeckTrainingConfig(setting=kind, block=1, **options)  # type: ignore[arg-type]
        return neck_run(folder, given or inputs, config, resume=resume)

    return begin
