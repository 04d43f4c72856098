"""Training runs of a codec of few steps, in this process or in one that a test starts."""

from pathlib import Path

from training.sizes import MODEL

from cotam.training.config import CodecTrainingConfig
from cotam.training.run import TrainingRun
from cotam.training.train_codec import codec_run

TESTS = Path(__file__).parents[1]
"""What a process that is to import this module needs in its path."""
STEPS = 4
CONFIG = CodecTrainingConfig(
    crop=64, batch=2, steps=STEPS, warmup=2, bf16=False, graphics=0.5, learning_rate=1e-4
)


def begin(folder: str | Path, data: str | Path, config: CodecTrainingConfig, **options) -> TrainingRun:
    return codec_run(Path(folder), [Path(data)], None, config, MODEL, workers=0, **options)
