"""From someone else's checkpoint of one rate to a model file with every rate and exact entropy networks."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cotam.checkpoint import write_model
from cotam.checkpoint.state_dict import read_state_dict
from cotam.models.architectures import READERS
from cotam.models.foreign import Foreign, ForeignError, KeyReport
from cotam.ops.quality import MAX_LMBDA, MIN_LMBDA
from cotam.training.crops import load_photographs
from cotam.training.export import MEASURED_STRIDE, chosen_photographs, convert

HASH_DIGITS = 12
MIDDLE_LMBDA = (MIN_LMBDA * MAX_LMBDA) ** 0.5
"""Quality 50.5: where a checkpoint of unknown trade-off is put."""


@dataclass(frozen=True)
class Import:
    """A model file, and what it was made of."""

    path: Path
    model_id: str
    keys: KeyReport
    costs: dict[str, float]
    """Rate of the exact networks against the float ones; empty without photographs."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        keys = {
            "matched": dict(self.keys.matched),
            "unneeded": list(self.keys.unneeded),
            "unexpected": list(self.keys.unexpected),
        }
        made = {"file": str(self.path), "model_id": self.model_id, "layout": self.keys.layout}
        return {**made, **keys, **self.costs}


def read_checkpoint(path: Path, architecture: str) -> Foreign:
    """Read a checkpoint as an architecture.

    Raises:
        ModelError: it is damaged or holds code; a `ForeignError` where it is of another architecture.
        ValueError: checkpoints of that architecture are not read.
    """
    if architecture not in READERS:
        raise ValueError(f"checkpoints can be imported as {', '.join(READERS)}, not as {architecture!r}")
    try:
        return READERS[architecture](read_state_dict(path))
    except ForeignError as error:
        raise ForeignError(f"{path}: {error}", error.missing) from error


def import_checkpoint(
    path: Path,
    target: Path,
    architecture: str,
    *,
    lmbda: float = MIDDLE_LMBDA,
    data: Sequence[Path] = (),
) -> Import:
    """Write a model file of someone else's checkpoint.

    At the quality of ``lmbda`` it codes as the checkpoint did; finer and coarser follow high-rate theory until the
    gains are trained (`cotam train codec --only gains`).

    Args:
        path: safetensors, or what `torch.save` wrote.
        target: the model file; its stem is the model's name.
        architecture: what the checkpoint is, of `READERS`.
        lmbda: the λ that it was trained for, in R + λ · 255² · MSE, as CompressAI states it.
        data: folders of photographs, to fit the tables and measure the cost of exactness; without any, activations
            are measured on rendered graphics alone, and the tables are those that training assumes.

    Raises:
        ModelError: see `read_checkpoint`.
        TrainingError: a folder without photographs.
        ValueError: an architecture or λ out of range.
    """
    if not MIN_LMBDA <= lmbda <= MAX_LMBDA:
        raise ValueError(f"lmbda must be from {MIN_LMBDA:g} to {MAX_LMBDA:g}, not {lmbda:g}")
    foreign = read_checkpoint(path, architecture)
    foreign.network.gains.start_at(lmbda)
    photographs = chosen_photographs(load_photographs(data, MEASURED_STRIDE)) if data else []
    converted = convert(foreign.network, photographs)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS]
    description = f"imported from {path.name} (SHA-256 {digest}…), identity gains at lmbda {lmbda:g}"
    identity = write_model(
        target, converted.exact, converted.tables, name=target.stem, description=description
    )
    return Import(target, identity, foreign.report, converted.report)
