"""From a training run to a model file: averaged weights, integer entropy networks, fitted tables."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cotam.checkpoint import write_model
from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.codec.latents import FrameSink, LatentCoder
from cotam.codec.quantisation import Quantiser
from cotam.entropy_coding import FrameWriter, TableSet
from cotam.models.architectures import build
from cotam.models.base_codec import BaseCodec, pad_to_stride
from cotam.ops.quality_scale import quality_to_step
from cotam.training.calibration import assumed_tables, calibrated_tables
from cotam.training.checkpoints import load_checkpoint
from cotam.training.crops import load_photographs
from cotam.training.graphics import render_graphic

CALIBRATION_PICTURES = 200
CALIBRATION_GRAPHICS = 30
EQUALISED_PICTURES = 4
"""Photographs, and graphics, that show how large activations become."""
MEASURED_PICTURES = 12
MEASURED_QUALITIES = (10, 30, 50, 70, 90)
MEASURED_STRIDE = 64


def averaged_network(run: Path) -> BaseCodec:
    """The exponentially averaged float networks of a run's checkpoint."""
    state = load_checkpoint(run)
    network = build(state.get("architecture", DEFAULT_MODEL), state["model_config"])
    prefix = "module."
    weights = {key[len(prefix) :]: value for key, value in state["average"].items() if key.startswith(prefix)}
    network.load_state_dict(weights)
    return network.eval()


def export_model(
    run: Path, target: Path, data: Sequence[Path] = (), *, name: str = DEFAULT_MODEL, description: str = ""
) -> dict[str, Any]:
    """Convert a run's averaged weights and write the model file.

    Args:
        run: folder of the training run.
        target: the model file to write.
        data: folders of training photographs, to fit the frequency tables; without any the Gaussian tables stay.
        name: name of the model.
        description: one line for its card; by default, how long it was trained.

    Returns:
        ``model_id``, ``name``, ``file_bytes`` and, with ``data``, the rate cost in percent of the ideal float
        entropy model: of the integer networks alone (``integer_rate_cost_percent``), and with the fitted tables
        (``rate_cost_percent``, negative where these save more than that).
    """
    photographs = chosen_photographs(load_photographs(data, MEASURED_STRIDE)) if data else []
    state = load_checkpoint(run)
    converted = convert(averaged_network(run), photographs, scaled=bool(state.get("only")))
    description = description or described(state)
    identity = write_model(target, converted.exact, converted.tables, name=name, description=description)
    return {"name": name, "model_id": identity, "file_bytes": target.stat().st_size, **converted.report}


@dataclass(frozen=True)
class Converted:
    """Networks in integer form with their tables, and what both cost against the float form."""

    exact: BaseCodec
    tables: TableSet
    report: dict[str, float]
    """Empty, or ``integer_rate_cost_percent`` and ``rate_cost_percent``; see `export_model`."""


def convert(network: BaseCodec, photographs: Sequence[np.ndarray], *, scaled: bool = False) -> Converted:
    """Scale float networks, convert them to integers, fit the tables, and measure what that costs.

    Args:
        network: in float form; its entropy networks are scaled in place.
        photographs: uint8 (H, W, 3), both sides at least 64: the first `MEASURED_PICTURES`, but no more than half of
            them, are measured, the tables fitted to the others and to rendered graphics; a single one serves both
            ends. Without any the tables stay as training assumes them.
        scaled: the entropy networks come from integers and become the same again.
    """
    half = max(min(MEASURED_PICTURES, len(photographs) // 2), 1)
    measured, fitted_on = photographs[:half], photographs[half:] or photographs
    rng = np.random.default_rng(1)
    count = CALIBRATION_GRAPHICS if photographs else EQUALISED_PICTURES
    graphics = [render_graphic(rng, 256) for _ in range(count)]
    if not scaled:
        shown = [*measured[:EQUALISED_PICTURES], *graphics[:EQUALISED_PICTURES]]
        network.equalise(lambda: float_bits(network, shown))
    exact = copy.deepcopy(network).to_integers()
    assumed = assumed_tables(network)
    if not photographs:
        return Converted(exact, assumed, {})
    fitted = calibrated_tables(exact, [*fitted_on, *graphics])
    ideal = float_bits(network, measured)
    report = {
        "integer_rate_cost_percent": 100 * (integer_bits(exact, assumed, measured) / ideal - 1),
        "rate_cost_percent": 100 * (integer_bits(exact, fitted, measured) / ideal - 1),
    }
    return Converted(exact, fitted, report)


def described(state: dict[str, Any]) -> str:
    """One line on the training behind a checkpoint."""
    recipe, hours = state["config"], state["seconds"] / 3600
    crops = f"{recipe['batch']} crops of {recipe['crop']} x {recipe['crop']}"
    mixed = {"graphics": "rendered graphics", "scenes": "scenes of LevelVQA"}
    shown = ", ".join(["photographs", *(what for share, what in mixed.items() if recipe.get(share))])
    start, only = state.get("start"), state.get("only")
    of = f"{'gains alone, of' if only else 'after'} {start}: " if start else ""
    return f"{of}{state['step']:,} steps, at their end of {crops}: {shown}; {hours:.1f} hours"


@torch.inference_mode()
def float_bits(
    network: BaseCodec, pictures: Sequence[np.ndarray], qualities: Sequence[float] = MEASURED_QUALITIES
) -> float:
    """Bits of pictures under the float entropy model with rounded symbols, over some qualities."""
    total = 0.0
    for pixels in pictures:
        x = _to_tensor(pixels)
        for quality in qualities:
            base = torch.tensor([quality_to_step(quality)])
            steps = base.view(1, 1, 1).expand(1, x.shape[-2] // network.stride, x.shape[-1] // network.stride)
            out = network(x, steps, base, rounded=True)
            total += float(out.latent_bits.double().sum() + out.hyper_bits.double().sum())
    return total


@torch.inference_mode()
def integer_bits(
    network: BaseCodec,
    tables: TableSet,
    pictures: Sequence[np.ndarray],
    qualities: Sequence[float] = MEASURED_QUALITIES,
) -> float:
    """Ideal bits of the same pictures, plainly rounded likewise, under the exact entropy model."""
    coder, total = LatentCoder(network, tables, Quantiser(tables, math.inf)), 0.0
    for pixels in pictures:
        y = network.analysis(_to_tensor(pixels).contiguous(memory_format=torch.channels_last)).float()
        for quality in qualities:
            base = torch.tensor([quality_to_step(quality)])
            sink = FrameSink(tables, [FrameWriter()])
            coder.encode(y, base.view(1, 1, 1).expand(1, *y.shape[-2:]), base, sink)
            total += sink.ideal_bits(0)
    return total


def _to_tensor(pixels: np.ndarray) -> torch.Tensor:
    """A picture as the networks take it, (1, 3, H, W), cut to whole hyper-latent cells, or padded to the first."""
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255 - 0.5
    height, width = (side - side % MEASURED_STRIDE or side for side in x.shape[-2:])
    return pad_to_stride(x[..., :height, :width], MEASURED_STRIDE)


def chosen_photographs(photographs: list[np.ndarray]) -> list[np.ndarray]:
    """A spread-out sample of the photographs."""
    step = max(len(photographs) // (CALIBRATION_PICTURES + MEASURED_PICTURES), 1)
    return photographs[::step][: CALIBRATION_PICTURES + MEASURED_PICTURES]
