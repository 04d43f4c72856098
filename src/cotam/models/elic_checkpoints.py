"""Other people's ELIC checkpoints: names, layouts and sizes, read from a state dict.

Two namings are known. That of Chandelier's public reimplementation, on which Bridge's d1, d2 and d3 stand, has
``cc_transforms``, ``context_prediction`` and ``ParamAggregation`` at the top. CompressAI's classes nest the same
parts under ``latent_codec``: ``Elic2022Chandelier`` with the same networks, and ``Elic2022Official`` with three
differences: a group sees all groups before it, the last layer of the hyper-synthesis is a transposed convolution,
and the parameter networks give scales before means.
"""

import re
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from cotam.models.elic import Elic, ElicConfig
from cotam.models.foreign import Foreign, ForeignError, KeyReport, names
from cotam.ops.integers import ONE

FIRST: Final = "g_a.0.weight"
LAYERS: Final = {"0": "first", "2": "second", "4": "last"}
PLACES: Final = (
    (r"g_a\.(.+)", r"analysis.layers.\1"),
    (r"g_s\.(.+)", r"synthesis.layers.\1"),
    (r"(?:latent_codec\.hyper\.)?h_a\.(.+)", r"hyper_analysis.layers.\1"),
    (r"(?:latent_codec\.hyper\.)?h_s\.(\d)\.(.+)", r"hyper_synthesis.<\1>.\2"),
    (
        r"(?:latent_codec\.hyper\.)?entropy_bottleneck\._?(?:matrices\.|matrix)(\d)",
        r"hyper_prior.matrices.\1",
    ),
    (r"(?:latent_codec\.hyper\.)?entropy_bottleneck\._?(?:biases\.|bias)(\d)", r"hyper_prior.biases.\1"),
    (r"(?:latent_codec\.hyper\.)?entropy_bottleneck\._?(?:factors\.|factor)(\d)", r"hyper_prior.factors.\1"),
    (r"(?:latent_codec\.hyper\.)?entropy_bottleneck\.quantiles", r"hyper_prior.medians"),
    (r"cc_transforms\.(\d)\.(\d)\.(.+)", r"context.channel.\1.<\2>.\3"),
    (r"latent_codec\.y\.channel_context\.y(\d)\.(\d)\.(.+)", r"context.channel.[\1].<\2>.\3"),
    (r"(?:latent_codec\.y\.latent_codec\.y(\d)\.)context_prediction\.(.+)", r"context.spatial.\1.\2"),
    (r"context_prediction\.(\d)\.(.+)", r"context.spatial.\1.\2"),
    (r"ParamAggregation\.(\d)\.(\d)\.(.+)", r"context.parameter.\1.<\2>.\3"),
    (
        r"latent_codec\.y\.latent_codec\.y(\d)\.entropy_parameters\.(\d)\.(.+)",
        r"context.parameter.\1.<\2>.\3",
    ),
)
"""Where keys go; ``<n>`` becomes the layer's name, ``[n]`` is counted from 1."""
UNNEEDED: Final = re.compile(
    r"(.*\.)?(gaussian_conditional\..*|context_prediction\..*mask|y\.latent_codec\..*mask"
    r"|entropy_bottleneck\.(_offset|_quantized_cdf|_cdf_length|target|likelihood_lower_bound\..*))"
)
MASKS: Final = re.compile(r".*context_prediction\.(\d+\.)?mask")
OWN: Final = ("gains.base", "gains.rise", "gains.inverse", "context.thresholds")
"""What checkpoints of one rate do not have."""


def read_elic(state: Mapping[str, Tensor]) -> Foreign:
    """Make an ELIC of someone else's weights; its gains are new.

    Args:
        state: the state dict, in one of the namings above.

    Raises:
        ForeignError: it is no ELIC; the message names keys that are missing or of an impossible shape.
    """
    if FIRST not in state:
        raise ForeignError(f"no ELIC checkpoint: it has no {FIRST}, but {names(list(state))}")
    _check_masks(state)
    matched = {key: place for key in state if (place := _place(key)) and not UNNEEDED.fullmatch(key)}
    weights = {place: state[key].detach().float() for key, place in matched.items()}
    config = _config(weights)
    with torch.random.fork_rng(devices=[]):
        network = Elic(config)
    wanted = network.state_dict()
    missing = sorted(set(wanted) - set(weights) - set(OWN))
    if missing:
        raise ForeignError(f"no ELIC checkpoint: it lacks {names(missing)}, as they are called here")
    official = config.all_groups and any(key.startswith("latent_codec.") for key in state)
    _rearrange(weights, official)
    _check_shapes(weights, wanted)
    network.load_state_dict(weights | {name: wanted[name] for name in OWN})
    others = [key for key in state if key not in matched]
    report = KeyReport(
        layout=_layout(state, official),
        matched=matched,
        unneeded=[key for key in others if UNNEEDED.fullmatch(key)],
        unexpected=[key for key in others if not UNNEEDED.fullmatch(key)],
        missing=missing,
    )
    return Foreign(network.eval(), report)


def _check_masks(state: Mapping[str, Tensor]) -> None:
    """Refuse a spatial context of other taps than the checkerboard's."""
    for key, mask in state.items():
        if not MASKS.fullmatch(key):
            continue
        rows, columns = torch.meshgrid(*(torch.arange(size) for size in mask.shape[-2:]), indexing="ij")
        if not torch.equal(mask.bool(), ((rows + columns) % 2 == 1).expand(mask.shape)):
            raise ForeignError(f"no ELIC checkpoint that can be read: {key} is no checkerboard")


def _place(key: str) -> str | None:
    """The name here of a key, or None."""
    for pattern, target in PLACES:
        if match := re.fullmatch(pattern, key):
            named = re.sub(r"<(\d)>", lambda m: LAYERS.get(m[1], m[1]), match.expand(target))
            return re.sub(r"\[(\d)\]", lambda m: str(int(m[1]) - 1), named)
    return None


def _config(weights: Mapping[str, Tensor]) -> ElicConfig:
    """Sizes, from the shapes of weights."""

    def size(name: str, axis: int = 0) -> int:
        if f"{name}.weight" not in weights or weights[f"{name}.weight"].dim() != 4:
            raise ForeignError(f"no ELIC checkpoint: it lacks {name}.weight, as it is called here")
        return weights[f"{name}.weight"].shape[axis]

    count = sum(bool(re.fullmatch(r"context\.spatial\.\d\.weight", name)) for name in weights)
    groups = tuple(size(f"context.spatial.{k}", 1) for k in range(count))
    hidden = [size(f"context.parameter.{k}.{layer}") for k in range(count) for layer in ("first", "second")]
    seen = [size(f"context.channel.{k - 1}.first", 1) for k in range(1, count)]
    try:
        return ElicConfig(
            width=size("analysis.layers.0"),
            groups=groups,
            hyper=size("hyper_analysis.layers.4"),
            hyper_hidden=size("hyper_synthesis.second", 1),
            features=size("context.parameter.0.first", 1) - 2 * groups[0],
            channel_hidden=(size("context.channel.0.first"), size("context.channel.0.second")),
            parameter_hidden=tuple(hidden),
            all_groups=seen == [sum(groups[:k]) for k in range(1, count)],
        )
    except ValueError as error:
        raise ForeignError(f"no ELIC checkpoint that can be read: {error}") from error


def _rearrange(weights: dict[str, Tensor], official: bool) -> None:
    """Bring weights into the layouts of the layers here, in place."""
    transposed = ["first", "second", *(["last"] if official else [])]
    for layer in transposed:
        name = f"hyper_synthesis.{layer}.weight"
        weights[name] = weights[name].transpose(0, 1)
    if official:
        weights["hyper_synthesis.last.weight"] = weights["hyper_synthesis.last.weight"].flip(2, 3)
        for name in [n for n in weights if n.startswith("context.parameter.") and ".last." in n]:
            weights[name] = torch.cat(weights[name].chunk(2)[::-1])
    quantiles = weights["hyper_prior.medians"]
    if quantiles.dim() == 3 and quantiles.shape[1:] == (1, 3):
        weights["hyper_prior.medians"] = torch.floor(quantiles[:, 0, 1] * ONE + 0.5)


def _check_shapes(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    for name, tensor in weights.items():
        if name not in wanted:
            raise ForeignError(f"no ELIC checkpoint that can be read: {name} is one layer too many")
        if tensor.shape != wanted[name].shape:
            raise ForeignError(
                f"no ELIC checkpoint that can be read: {name} is {tuple(tensor.shape)}, "
                f"where {tuple(wanted[name].shape)} fits the other layers"
            )
        if not torch.isfinite(tensor).all():
            raise ForeignError(f"{name} holds other than finite numbers")


def _layout(state: Mapping[str, Tensor], official: bool) -> str:
    if not any(key.startswith("latent_codec.") for key in state):
        return "Chandelier's names, as in Bridge's checkpoints"
    return f"CompressAI's names, Elic2022{'Official' if official else 'Chandelier'}"
