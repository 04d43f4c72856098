"""A learner of the smallest sizes."""

import dataclasses
from pathlib import Path

import pytest
import torch

from cotam.mllm.embedded import EmbeddedSizes, build_tokenizer
from cotam.training.levelvqa.config import LevelVQATrainingConfig
from cotam.training.levelvqa.run import levelvqa_run
from cotam.training.levelvqa.task import LevelVQATask
from cotam.training.levelvqa.texts import training_texts
from cotam.training.run import TrainingRun

SIZES = EmbeddedSizes(
    vision_width=32,
    vision_layers=2,
    vision_heads=2,
    patch=56,
    projection=16,
    text_width=16,
    text_layers=1,
    text_heads=2,
    language_width=32,
    language_layers=2,
    language_heads=2,
    language_mlp=48,
)
CONFIG = LevelVQATrainingConfig(batch=2, steps=4, warmup=2, bf16=False, tower_first=0.0, draws=1)


@pytest.fixture(scope="session")
def tokenizer():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cotam.training.levelvqa.texts.SCENES", 300)
        return build_tokenizer(training_texts())


@pytest.fixture
def task(tokenizer) -> LevelVQATask:
    made = LevelVQATask(CONFIG, SIZES, tokenizer, workers=0)
    with torch.no_grad():  # answers that differ visibly
        for parameter in made.model.llava.lm_head.parameters():
            parameter.mul_(10)
    return made


@pytest.fixture(scope="session")
def wider() -> EmbeddedSizes:
    """Sizes with the heads and layers that clips take."""
    return dataclasses.replace(SIZES, language_layers=3, language_heads=4)


@pytest.fixture(scope="session")
def clip_config() -> LevelVQATrainingConfig:
    return dataclasses.replace(CONFIG, batch=5, steps=2, warmup=1, frozen_tower=True, clips=0.8)


@pytest.fixture
def clip_task(tokenizer, clip_config, wider) -> LevelVQATask:
    made = LevelVQATask(clip_config, wider, tokenizer, workers=0)
    with torch.no_grad():  # answers that differ visibly
        made.model.llava.lm_head.weight.mul_(10)
    return made


@pytest.fixture(scope="session")
def config() -> LevelVQATrainingConfig:
    return CONFIG


@pytest.fixture(scope="session")
def start():
    """A function that starts or resumes a run in a folder."""

    def begin(folder: Path, config: LevelVQATrainingConfig = CONFIG, **options) -> TrainingRun:
        return levelvqa_run(folder, config, SIZES, workers=0, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cotam.training.levelvqa.texts.SCENES", 200)
        patch.setattr("cotam.training.levelvqa.validating.VALIDATION_SCENES", 4)
        patch.setattr("cotam.training.levelvqa.validating.VALIDATION_BATCH", 2)
        patch.setattr("cotam.training.levelvqa.validating.VALIDATION_CLIPS", 2)
        yield begin
