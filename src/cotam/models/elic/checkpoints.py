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

from cotam.models.elic.codec import Elic, ElicConfig
from cotam.models.foreign import Foreign, ForeignError, KeyReport, names
from cotam.ops.integers import MAX_ACTIVATION, ONE

Naming = tuple[tuple[str, str], ...]
"""Where keys go; ``<n>`` becomes the layer's name, ``[n]`` is counted from 1."""

FIRST: Final = "g_a.0.weight"
NESTED: Final = "latent_codec."
LAYERS: Final = {"0": "first", "2": "second", "4": "last"}
MEDIANS: Final = "hyper_prior.medians"
UNNEEDED: Final = re.compile(
    r"(.*\.)?(gaussian_conditional\..*|context_prediction\..*mask|y\.latent_codec\..*mask"
    r"|entropy_bottleneck\.(_offset|_quantized_cdf|_cdf_length|target|likelihood_lower_bound\..*))"
)
MASKS: Final = re.compile(r".*context_prediction\.(\d+\.)?mask")
PARAMETERS_LAST: Final = re.compile(r"context\.parameter\.\d\.last\..+")
OWN: Final = ("gains.base", "gains.rise", "gains.inverse", "context.thresholds")
"""What checkpoints of one rate do not have."""


def _naming(hyper: str, *contexts: tuple[str, str]) -> Naming:
    """The places of all keys, where the names of the hyperprior begin with ``hyper``."""
    prior = rf"{hyper}entropy_bottleneck\._?"
    return (
        (r"g_a\.(.+)", r"analysis.layers.\1"),
        (r"g_s\.(.+)", r"synthesis.layers.\1"),
        (rf"{hyper}h_a\.(.+)", r"hyper_analysis.layers.\1"),
        (rf"{hyper}h_s\.(\d)\.(.+)", r"hyper_synthesis.<\1>.\2"),
        (rf"{prior}(?:matrices\.|matrix)(\d)", r"hyper_prior.matrices.\1"),
        (rf"{prior}(?:biases\.|bias)(\d)", r"hyper_prior.biases.\1"),
        (rf"{prior}(?:factors\.|factor)(\d)", r"hyper_prior.factors.\1"),
        (rf"{prior}quantiles", MEDIANS),
        *contexts,
    )


CHANDELIER: Final = _naming(
    "",
    (r"cc_transforms\.(\d)\.(\d)\.(.+)", r"context.channel.\1.<\2>.\3"),
    (r"context_prediction\.(\d)\.(.+)", r"context.spatial.\1.\2"),
    (r"ParamAggregation\.(\d)\.(\d)\.(.+)", r"context.parameter.\1.<\2>.\3"),
)
GROUP: Final = r"latent_codec\.y\.latent_codec\.y(\d)"
COMPRESSAI: Final = _naming(
    r"latent_codec\.hyper\.",
    (r"latent_codec\.y\.channel_context\.y(\d)\.(\d)\.(.+)", r"context.channel.[\1].<\2>.\3"),
    (rf"{GROUP}\.context_prediction\.(.+)", r"context.spatial.\1.\2"),
    (rf"{GROUP}\.entropy_parameters\.(\d)\.(.+)", r"context.parameter.\1.<\2>.\3"),
)


def read_elic(state: Mapping[str, Tensor]) -> Foreign:
    """Make an ELIC of someone else's weights; its gains are new.

    Args:
        state: the state dict, in one of the namings above, of dense tensors on the CPU.

    Raises:
        ForeignError: it is no ELIC; the message names keys that are missing or of an impossible shape.
    """
    if FIRST not in state:
        raise ForeignError(f"no ELIC checkpoint: it has no {FIRST}, but {names(list(state))}")
    _check_masks(state)
    nested = any(key.startswith(NESTED) for key in state)
    naming = COMPRESSAI if nested else CHANDELIER
    matched = {key: place for key in state if not UNNEEDED.fullmatch(key) and (place := _place(key, naming))}
    weights = {place: state[key].detach().float() for key, place in matched.items()}
    config = _config(weights)
    official = nested and config.all_groups and _widens(weights, config)
    network = _filled(config, {name: _moved(name, weights[name], official) for name in weights})
    layout = f"CompressAI's names, Elic2022{'Official' if official else 'Chandelier'}"
    layout = layout if nested else "Chandelier's names, as in Bridge's checkpoints"
    return Foreign(network, KeyReport.of(state, matched, UNNEEDED, layout))


def _check_masks(state: Mapping[str, Tensor]) -> None:
    """Refuse a spatial context of other taps than the checkerboard's."""
    for key in filter(MASKS.fullmatch, state):
        if not _is_checkerboard(state[key].bool()):
            raise ForeignError(f"no ELIC checkpoint that can be read: {key} is no checkerboard")


def _is_checkerboard(mask: Tensor) -> bool:
    if mask.dim() < 2:
        return False
    rows, columns = (torch.arange(size) for size in mask.shape[-2:])
    return torch.equal(mask, ((rows[:, None] + columns) % 2 == 1).expand(mask.shape))


def _place(key: str, naming: Naming) -> str | None:
    """The name here of a key, or None."""
    for pattern, target in naming:
        if match := re.fullmatch(pattern, key):
            named = re.sub(r"<(\d)>", lambda m: LAYERS.get(m[1], m[1]), match.expand(target))
            return re.sub(r"\[(\d)\]", lambda m: str(int(m[1]) - 1), named)
    return None


def _config(weights: Mapping[str, Tensor]) -> ElicConfig:
    """Sizes, from the shapes of weights before they are moved."""

    def size(name: str, axis: int = 0) -> int:
        weight = weights.get(f"{name}.weight")
        if weight is None or weight.dim() != 4:
            raise ForeignError(f"no ELIC checkpoint: it lacks {name}.weight, as it is called here")
        return weight.shape[axis]

    count = sum(bool(re.fullmatch(r"context\.parameter\.\d\.first\.weight", name)) for name in weights)
    groups = tuple(size(f"context.spatial.{k}", 1) for k in range(max(count, 1)))
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


def _widens(weights: Mapping[str, Tensor], config: ElicConfig) -> bool:
    """Whether the last layer of the hyper-synthesis is transposed: its weight then has its inputs first."""
    last = weights.get("hyper_synthesis.last.weight")
    return last is not None and last.shape == (config.hyper_hidden, config.features, 3, 3)


def _moved(name: str, tensor: Tensor, official: bool) -> Tensor:
    """A weight in the layout of the layers here; one of an impossible shape may stay as it is."""
    if name in ("hyper_synthesis.first.weight", "hyper_synthesis.second.weight") and tensor.dim() == 4:
        return tensor.transpose(0, 1)
    if name == "hyper_synthesis.last.weight" and official:
        return tensor.transpose(0, 1).flip(2, 3)
    if PARAMETERS_LAST.fullmatch(name) and official and tensor.dim():
        return torch.cat(tensor.chunk(2)[::-1])
    if name == MEDIANS and tensor.dim() == 3 and tensor.shape[1:] == (1, 3):
        return torch.floor(tensor[:, 0, 1] * ONE + 0.5)
    return tensor


def _filled(config: ElicConfig, weights: dict[str, Tensor]) -> Elic:
    """A network of these sizes and weights; it is built once it is known that the weights are all there."""
    with torch.device("meta"):
        wanted = Elic(config).state_dict()
    if missing := sorted(wanted.keys() - weights.keys() - set(OWN)):
        raise ForeignError(f"no ELIC checkpoint: it lacks {names(missing)}, as they are called here", missing)
    _check_shapes(weights, wanted)
    with torch.random.fork_rng(devices=[]):
        network = Elic(config)
    network.load_state_dict(weights | {name: network.state_dict()[name] for name in OWN})
    return network.eval()


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
        if name == MEDIANS and tensor.abs().max() > MAX_ACTIVATION:
            raise ForeignError(f"no ELIC checkpoint that can be read: {name} are beyond ±128")
