"""Do CompressAI's streams decode to the same symbols when the decoder computes a little differently?

``cotam bench peers`` runs this with an interpreter of its own: one JSON object on standard input, one on standard
output. Every picture is coded with one thread and decoded by the same process, once as it was coded and once under
each variation. What counts are the integers that the entropy decoder reads, not rounding in what is made of them.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from compressai_models import (
    SETTINGS,
    build,
    entropy_models,
    import_compressai,
    replaced,
    spread_latents,
    to_input,
)
from PIL import Image
from torch import nn

CROP, BATCH = 64, 4
LAMBDA, LEARNING_RATE, AUX_RATE = 0.01, 2e-4, 1e-2
Decode = Callable[[], Any]
Symbols = list[list[int]]


def train(model: nn.Module, paths: list[str], steps: int) -> None:
    """Train for the rate–distortion loss on random crops; brief, so that scales and means become those of pictures."""
    torch.manual_seed(0)
    rng, pictures = (
        random.Random(0),
        [np.asarray(Image.open(path).convert("RGB")) for path in sorted(paths)[:64]],
    )
    quantiles = [p for n, p in model.named_parameters() if n.endswith("quantiles")]
    rest = [p for n, p in model.named_parameters() if not n.endswith("quantiles")]
    main, aux = torch.optim.Adam(rest, LEARNING_RATE), torch.optim.Adam(quantiles, AUX_RATE)
    model.train()
    for _ in range(steps):
        x = torch.cat([_crop(rng.choice(pictures), rng) for _ in range(BATCH)])
        with torch.autocast("cpu", torch.bfloat16):
            y = model.g_a(x).float()
        out = _coded(model, y)
        with torch.autocast("cpu", torch.bfloat16):
            x_hat = model.g_s(out["y_hat"]).float()
        bits = sum(-likelihood.log2().sum() for likelihood in out["likelihoods"].values())
        loss = bits / (BATCH * CROP**2) + LAMBDA * 255**2 * (x - x_hat).square().mean()
        main.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(rest, 1.0)
        main.step()
        aux.zero_grad()
        model.aux_loss().backward()
        aux.step()
    print(f"trained: {bits.item() / (BATCH * CROP**2):.3f} bpp, loss {loss.item():.3f}", file=sys.stderr)
    model.eval().update(force=True)


def _coded(model: nn.Module, y: torch.Tensor) -> dict[str, Any]:
    """Quantised latents and likelihoods, as the models' own ``forward`` has them."""
    if hasattr(model, "latent_codec"):
        return model.latent_codec(y)
    z_hat, z_likelihoods = model.entropy_bottleneck(model.h_a(y))
    scales, means = model.h_s(z_hat).chunk(2, 1)
    y_hat, y_likelihoods = model.gaussian_conditional(y, scales, means=means)
    return {"y_hat": y_hat, "likelihoods": {"y": y_likelihoods, "z": z_likelihoods}}


def _crop(pixels: np.ndarray, rng: random.Random) -> torch.Tensor:
    top, left = rng.randrange(pixels.shape[0] - CROP), rng.randrange(pixels.shape[1] - CROP)
    return to_input(pixels[top : top + CROP, left : left + CROP])


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def without_onednn() -> Iterator[None]:
    """Run without oneDNN's kernels."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before


@contextmanager
def channels_last(model: nn.Module) -> Iterator[None]:
    """Run with weights, and so activations, in another order in memory."""
    model.to(memory_format=torch.channels_last)
    try:
        yield
    finally:
        model.to(memory_format=torch.contiguous_format)


@contextmanager
def compiled_networks(model: nn.Module) -> Iterator[None]:
    """Put the networks that the entropy decoder depends on through ``torch.compile``, as long as this lasts."""
    networks = _decoding_networks(model)
    for network in networks:
        network.compile()
    try:
        yield
    finally:
        for network in networks:
            network._compiled_call_impl = None


def _decoding_networks(model: nn.Module) -> list[nn.Module]:
    if hasattr(model, "h_s"):
        return [model.h_s]
    groups = model.latent_codec["y"]
    codecs = list(groups.latent_codec.values())
    return [
        model.latent_codec["hyper"].h_s,
        *groups.channel_context.values(),
        *(codec.context_prediction for codec in codecs),
        *(codec.entropy_parameters for codec in codecs),
    ]


def variations(model: nn.Module, *, compiled: bool) -> dict[str, Callable[[], AbstractContextManager[Any]]]:
    """What is changed for the decoder; the first changes nothing."""
    found: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "nothing changed": nullcontext,
        "2 threads": lambda: threads(2),
        "oneDNN off": without_onednn,
        "batch of 2": nullcontext,
        "channels-last": lambda: channels_last(model),
        "bfloat16 autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    }
    if compiled:
        found["compiled"] = lambda: compiled_networks(model)
    return found


def symbols_of(model: nn.Module, decode: Decode) -> Symbols:
    """The integers that an entropy decoder reads, call by call."""
    read: Symbols = []

    def recording(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            read.append(method(*args))
            return read[-1]

        return call

    coders = [module.entropy_coder for module in entropy_models(model)]
    with replaced(coders, "decode_with_indexes", recording):
        decode()
    return read


def doubled(strings: Any) -> Any:
    """The strings of one picture as those of a batch of two."""
    if isinstance(strings[0], bytes):
        return [*strings, *strings]
    return [doubled(part) for part in strings]


def decoder(model: nn.Module, coded: dict[str, Any], variation: str) -> Decode:
    """Decodes the entropy-coded part of one picture."""
    strings = doubled(coded["strings"]) if variation == "batch of 2" else coded["strings"]
    if hasattr(model, "latent_codec"):
        return lambda: model.latent_codec.decompress(strings, coded["shape"])
    return lambda: _decode_mean_scale(model, strings, coded["shape"])


def _decode_mean_scale(model: nn.Module, strings: Any, shape: Any) -> None:
    """The entropy part of ``MeanScaleHyperprior.decompress``, without its synthesis."""
    scales, means = model.h_s(model.entropy_bottleneck.decompress(strings[1], shape)).chunk(2, 1)
    model.gaussian_conditional.decompress(
        strings[0], model.gaussian_conditional.build_indexes(scales), means=means
    )


def wrong_share(found: Symbols | None, right: Symbols, *, twice: bool) -> float:
    """Share of symbols that differ; 1 where decoding failed."""
    if found is None:
        return 1.0
    kept = found[::2] if twice else found
    pairs = [(a, b) for one, other in zip(kept, right, strict=True) for a, b in zip(one, other, strict=True)]
    return sum(a != b for a, b in pairs) / len(pairs)


@torch.inference_mode()
def compare(
    name: str, model: nn.Module, pictures: list[np.ndarray], *, compiled: bool
) -> list[dict[str, Any]]:
    """Code pictures, decode them in every way, and count."""
    coded = [model.compress(to_input(pixels)) for pixels in pictures]
    right = [symbols_of(model, decoder(model, one, "")) for one in coded]
    rows = []
    for variation, settings in variations(model, compiled=compiled).items():
        shares, failed = [], 0
        for one, symbols in zip(coded, right, strict=True):
            with settings():
                try:
                    found = symbols_of(model, decoder(model, one, variation))
                except (RuntimeError, ValueError, IndexError) as error:
                    print(f"{name}, {variation}: {error}", file=sys.stderr)
                    found, failed = None, failed + 1
            shares.append(wrong_share(found, symbols, twice=variation == "batch of 2"))
        rows.append(
            {
                "codec": name,
                "variation": variation,
                "wrong": sum(share > 0 for share in shares),
                "failed": failed,
                "wrong_symbols": round(sum(shares) / len(shares), 6),
            }
        )
    return rows


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked for with every model."""
    torch.set_num_threads(1)
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in request["images"]]
    rows = []
    for name in SETTINGS:
        model = spread_latents(build(name), to_input(pictures[0]))
        if request["train"]:
            model = build(name)
            train(model, request["train"], request["steps"])
        rows += compare(name, model, pictures, compiled=request["compiled"])
    return {
        "trained_steps": request["steps"] if request["train"] else 0,
        "settings": SETTINGS,
        "variations": rows,
    }


def main() -> None:
    """Answer one request."""
    version = import_compressai().__version__
    print(json.dumps({"compressai": version, **measure(json.load(sys.stdin))}))


if __name__ == "__main__":
    main()
