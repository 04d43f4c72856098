"""From a run to files: an adapter or neck, and the codec where it learned too."""

import dataclasses
from pathlib import Path
from typing import Any

from torch import Tensor

from cotam.adapters import LatentAdapter, TransformNeck
from cotam.checkpoint import AdapterCard, CodecIdentity, write_adapter, write_model
from cotam.checkpoint.adapters import build_network
from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.errors import TrainingError
from cotam.models.architectures import build
from cotam.training.adapters.examples import PictureSource
from cotam.training.calibration import calibrated_tables
from cotam.training.checkpoints import load_checkpoint
from cotam.training.export import float_bits

CALIBRATION_PICTURES = 96
"""Training pictures that a new codec's frequency tables are fitted to."""
EQUALISED_PICTURES = 8
"""How many of them show how large activations become."""
AVERAGE = "module."
"""What the names of averaged weights begin with."""


def export_tokens(
    run: Path,
    target: Path,
    name: str,
    *,
    codec_target: Path | None = None,
    source: PictureSource | None = None,
) -> dict[str, Any]:
    """Write the averaged weights of a run.

    Args:
        run: folder of ``cotam train adapter`` or ``neck``.
        target: the adapter file to write.
        name: name to load it by.
        codec_target: where the codec is written if it learned too (d2, d3, joint); its name is the file's.
        source: the run's pictures, which the codec's tables are fitted to.

    Returns:
        ``adapter_id``, ``name``, ``steps``, ``hours``, ``file_bytes``, and where the codec learned ``codec`` and
        ``model_id``.

    Raises:
        TrainingError: the folder holds no such run.
        ValueError: the codec learned, and there is no file for it, or no pictures.
    """
    state = load_checkpoint(run)
    if "card" not in state:
        raise TrainingError(f"{run}: the checkpoint is not one of cotam train adapter or neck")
    line = described(state)
    card = dataclasses.replace(AdapterCard.from_dict(state["card"]), name=name, training=line)
    report: dict[str, Any] = {"name": name, "steps": int(state["step"])}
    if codec_learned(state):
        setting = card.setting or "joint"
        if codec_target is None or source is None:
            raise ValueError(f"setting {setting} writes a codec: a file for it and pictures are needed")
        identity = _export_codec(state, codec_target, source, f"{card.codec.name}, {setting}: {line}")
        report |= {"codec": str(codec_target), "model_id": identity}
        card = dataclasses.replace(card, codec=CodecIdentity(codec_target.stem, identity))
    report["adapter_id"] = write_adapter(target, _network(state, card), card)
    hours = round(state["seconds"] / 3600, 2)
    return {**report, "hours": hours, "file_bytes": target.stat().st_size}


def codec_learned(state: dict[str, Any]) -> bool:
    """Whether a checkpoint holds a codec beside the adapter or neck."""
    return any(name.startswith(f"{AVERAGE}codec.") for name in state["average"])


def described(state: dict[str, Any]) -> str:
    """One line on the training behind a checkpoint."""
    recipe, size = state["config"], state["size"]
    pictures = f"{recipe['batch']} pictures of {size} x {size}"
    where = ", ".join(Path(name).name for name in state["data"])
    after = f", after {state['start']}" if state.get("start") else ""
    return f"{state['step']:,} steps of {pictures} ({where}), {state['seconds'] / 3600:.1f} hours{after}"


def _network(state: dict[str, Any], card: AdapterCard) -> LatentAdapter | TransformNeck:
    network = build_network(card)
    network.load_state_dict(_averaged(state, "network."))
    return network.eval()


def _export_codec(state: dict[str, Any], target: Path, source: PictureSource, description: str) -> str:
    """Convert to integers, fit the tables, write; returns the new model id."""
    network = build(state.get("codec_architecture", DEFAULT_MODEL), state["codec_config"])
    network.load_state_dict(_averaged(state, "codec."))
    pictures = [example.pixels for example in source.examples(0, CALIBRATION_PICTURES)]
    network.eval().equalise(lambda: float_bits(network, pictures[:EQUALISED_PICTURES]))
    exact = network.to_integers()
    tables = calibrated_tables(exact, pictures)
    return write_model(target, exact, tables, name=target.stem, description=description)


def _averaged(state: dict[str, Any], part: str) -> dict[str, Tensor]:
    beginning = AVERAGE + part
    return {
        name.removeprefix(beginning): value
        for name, value in state["average"].items()
        if name.startswith(beginning)
    }
