"""From a training run to the file of the networks of predicted frames."""

from pathlib import Path
from typing import Any

from cotam.checkpoint.loading import load_model
from cotam.checkpoint.temporal import write_temporal
from cotam.errors import TrainingError
from cotam.models.temporal import TemporalNetworks
from cotam.training.checkpoints import load_checkpoint

PREFIX = "module."
"""What names of averaged weights begin with."""


def export_temporal(
    run: Path, target: Path, *, name: str | None = None, description: str = ""
) -> dict[str, Any]:
    """Convert a run's averaged weights to integers and write them.

    Args:
        run: folder of the training run.
        target: the file to write.
        name: its name; by default that of the base model and ``-temporal``.
        description: one line for its card; by default, how long it was trained.

    Returns:
        ``name``, ``temporal_id``, ``base_id`` and ``file_bytes``.

    Raises:
        TrainingError: the run is damaged, or its base model is another one by now.
    """
    state = load_checkpoint(run)
    base = load_model(state["base"])
    if base.card.model_id != state["base_id"]:
        raise TrainingError(f"{run}: trained on model {state['base_id']}, which {state['base']} is no more")
    networks = TemporalNetworks(base.network.config)
    weights = {
        key.removeprefix(PREFIX): value for key, value in state["average"].items() if key.startswith(PREFIX)
    }
    networks.load_state_dict(weights)
    name = name or f"{base.card.name}-temporal"
    recipe, minutes = state["config"], state["seconds"] / 60
    pairs = f"{recipe['batch']} pairs of {recipe['crop']} x {recipe['crop']}"
    described = f"{state['step']:,} steps of {pairs}, photographs and rendered scenes, {minutes:.0f} minutes"
    identity = write_temporal(
        target,
        networks.to_integers(),
        name=name,
        base_id=base.card.model_id,
        description=description or described,
    )
    return {
        "name": name,
        "temporal_id": identity,
        "base_id": base.card.model_id,
        "file_bytes": target.stat().st_size,
    }
