"""A decoder of ELIC's payload written from docs/format.md alone, in plain integers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from page_integers import Array, random_map, saturate, step_grid
from safetensors import safe_open

from cotam.bitstream import read_stream
from cotam.checkpoint import write_model
from cotam.codec import LevelMap, load_codec
from cotam.entropy_coding import TableSet
from cotam.entropy_coding.reference import Decoder, read_part
from cotam.models.elic.codec import Elic, ElicConfig
from cotam.training.calibration import assumed_tables

PASSES = (((0, 0), (1, 1)), ((0, 1), (1, 0)))


class PageDecoder:
    """Decodes a still image's latents as the section "Payload of elic" says, in int64."""

    def __init__(self, model: Path) -> None:
        with safe_open(model, framework="np") as file:
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            sizes = json.loads(file.metadata()["config"])
        self.tables = TableSet(self.tensors["tables.radius"], self.tensors["tables.cdf"])
        self.groups, self.hyper, self.all_groups = sizes["groups"], sizes["hyper"], sizes["all_groups"]
        self.starts = np.cumsum([0, *self.groups])

    def decode(self, data: bytes) -> Array:
        """Latents in units of 2^-8, int64 (M, h, w)."""
        stream = read_stream(data)
        frame, height, width = stream.frames[0], stream.header.height, stream.header.width
        rows, columns = -(-height // 16), -(-width // 16)
        coder = Decoder(frame.payload)
        step_grid(coder, frame, rows, columns)
        features = self.features(self.hyper_latents(coder, -(-rows // 4), -(-columns // 4)))
        values = self.passes(coder, features[:, :rows, :columns])
        coder.finish()
        return values

    def hyper_latents(self, coder: Decoder, rows: int, columns: int) -> Array:
        indexes = np.repeat(64 + np.arange(self.hyper), rows * columns)
        symbols = np.array(read_part(coder, indexes.tolist(), self.tables)).clip(-127, 127)
        medians = self.tensors["hyper_prior.medians"].astype(np.int64)
        return saturate(256 * symbols.reshape(self.hyper, rows, columns) + medians[:, None, None])

    def features(self, z: Array) -> Array:
        a = self.doubling("hyper_synthesis.first", z).clip(0)
        a = self.doubling("hyper_synthesis.second", a).clip(0)
        return self.keeping("hyper_synthesis.last", a, 3)

    def passes(self, coder: Decoder, features: Array) -> Array:
        values = np.zeros((sum(self.groups), *features.shape[1:]), np.int64)
        for g in range(len(self.groups)):
            shared = features
            if g:
                seen = range(g) if self.all_groups else sorted({0, g - 1})
                x = saturate(np.concatenate([values[self.channels(k)] for k in seen]))
                for layer in ("first", "second", "last"):
                    x = self.keeping(f"context.channel.{g - 1}.{layer}", x, 5)
                    x = x if layer == "last" else x.clip(0)
                shared = np.concatenate([x, features])
            for number in (0, 1):
                spatial = np.zeros((2 * self.groups[g], *features.shape[1:]), np.int64)
                if number:
                    taps = [(a, b) for a in range(5) for b in range(5) if (a + b) % 2]
                    spatial = self.keeping(
                        f"context.spatial.{g}", saturate(values[self.channels(g)]), 5, taps
                    )
                self.read_pass(coder, g, number, np.concatenate([spatial, shared]), values)
        return values

    def read_pass(self, coder: Decoder, g: int, number: int, x: Array, values: Array) -> None:
        for layer in ("first", "second"):
            x = self.pointwise(f"context.parameter.{g}.{layer}", x).clip(0, 32767)
        means, scales = np.split(self.pointwise(f"context.parameter.{g}.last", x), 2)
        thresholds = self.tensors["context.thresholds"].astype(np.int64)
        index = 1 + (thresholds[:, None, None, None] <= scales).sum(0)
        blocks = [
            (self.channels(g), slice(row, None, 2), slice(column, None, 2)) for row, column in PASSES[number]
        ]
        local = [(slice(None), *where[1:]) for where in blocks]
        indexes = np.concatenate([index[where].reshape(-1) for where in local])
        if not indexes.size:
            return
        symbols: Iterator[int] = iter(read_part(coder, indexes.tolist(), self.tables))
        for where, inside in zip(blocks, local, strict=True):
            mean = means[inside]
            block = np.array([next(symbols) for _ in range(mean.size)], np.int64).reshape(mean.shape)
            values[where] = 256 * block + mean

    def channels(self, g: int) -> slice:
        return slice(self.starts[g], self.starts[g + 1])

    def layer(self, name: str) -> tuple[Array, Array, int]:
        weight, bias, shift = (
            self.tensors[f"{name}.{p}"].astype(np.int64) for p in ("weight", "bias", "shift")
        )
        return weight, bias[:, None, None], int(shift)

    def pointwise(self, name: str, x: Array) -> Array:
        weight, bias, shift = self.layer(name)
        return rescaled(np.einsum("oi,ihw->ohw", weight, x) + bias, shift)

    def keeping(self, name: str, x: Array, k: int, taps: list[tuple[int, int]] | None = None) -> Array:
        weight, bias, shift = self.layer(name)
        (h, w), kernel = x.shape[1:], weight.reshape(len(weight), -1, k, k)
        padded = np.pad(x, ((0, 0), (k // 2,) * 2, (k // 2,) * 2))
        total = np.zeros((len(weight), h, w), np.int64) + bias
        for a, b in taps or np.ndindex(k, k):
            total += np.einsum("oi,ihw->ohw", kernel[:, :, a, b], padded[:, a : a + h, b : b + w])
        return saturate(rescaled(total, shift))

    def doubling(self, name: str, x: Array) -> Array:
        weight, bias, shift = self.layer(name)
        (h, w), kernel = x.shape[1:], weight.reshape(len(weight), -1, 5, 5)
        total = np.zeros((len(weight), 2 * h, 2 * w), np.int64) + bias
        for i, j, a, b in np.ndindex(h, w, 5, 5):
            row, column = 2 * i + a - 2, 2 * j + b - 2
            if 0 <= row < 2 * h and 0 <= column < 2 * w:
                total[:, row, column] += kernel[:, :, a, b] @ x[:, i, j]
        return saturate(rescaled(total, shift))


def rescaled(total: Array, shift: int) -> Array:
    return (total + (2 ** (shift - 1) if shift else 0)) >> shift


def plain(make_elic: Callable[..., Elic], narrow_sizes: dict[str, Any]) -> Elic:
    return make_elic()


def seeing_all_groups(make_elic: Callable[..., Elic], narrow_sizes: dict[str, Any]) -> Elic:
    return make_elic(5, ElicConfig(**{**narrow_sizes, "all_groups": True}))


def far_hyper_latents(make_elic: Callable[..., Elic], narrow_sizes: dict[str, Any]) -> Elic:
    """Symbols of ±127 and medians of ±2000: together they leave 16 bits."""
    network = make_elic(6)
    sides = torch.tensor([1.0, -1.0] * 3)
    with torch.no_grad():
        network.hyper_analysis.layers[-1].bias.copy_(400 * sides)
    network.hyper_prior.medians.copy_(2000 * sides)
    return network


@pytest.fixture(scope="module", params=[plain, seeing_all_groups, far_hyper_latents])
def path(
    request: pytest.FixtureRequest,
    make_elic: Callable[..., Elic],
    narrow_sizes: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A model file of a narrow ELIC."""
    network = request.param(make_elic, narrow_sizes).to_integers()
    target = tmp_path_factory.mktemp("page") / "elic.safetensors"
    write_model(target, network, assumed_tables(network), name="page", description="random weights for tests")
    return target


@pytest.mark.parametrize(
    ("size", "quality", "level_map"),
    [((1, 1), 100.0, None), ((33, 150), 3.125, None), ((90, 70), 60.0, random_map(3, 4, 3, 10.0))],
)
def test_a_decoder_written_from_the_page_reads_the_same_latents(
    path: Path, size: tuple[int, int], quality: float, level_map: LevelMap | None
) -> None:
    codec = load_codec(path)
    picture = np.random.default_rng(7).integers(0, 256, (*size, 3), dtype=np.uint8)
    data = codec.encode(picture, quality, level_map=level_map)
    expected = codec.decode_latents(data).latents.numpy()
    assert np.ptp(expected) > 256
    np.testing.assert_array_equal(PageDecoder(path).decode(data), expected)
