"""A decoder written from docs/format.md alone, in plain integers: the page is enough, and the codec obeys it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from cotam.bitstream import read_stream, write_stream
from cotam.bitstream.records import FrameRecord
from cotam.codec import Codec, LevelMap
from cotam.entropy_coding import TableSet
from cotam.entropy_coding.level_map import level_frequencies
from cotam.entropy_coding.reference import Decoder, read_part
from cotam.errors import BitstreamError

Array = np.ndarray
ORDER = (0, 3, 1, 2)


class PageDecoder:
    """Decodes a still image's latents as the section "Payload of cotam-s" says, in int64."""

    def __init__(self, model: Path) -> None:
        with safe_open(model, framework="np") as file:
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        self.tables = TableSet(self.tensors["tables.radius"], self.tensors["tables.cdf"])
        self.nodes, self.hyper = self.tensors["hyper_scales.index"].shape
        self.latents = 2 * len(self.tensors["context.heads.0.0.weight"])

    def decode(self, data: bytes) -> Array:
        """Latents in units of 2^-8, int64 (M, h, w)."""
        stream = read_stream(data)
        frame, height, width = stream.frames[0], stream.header.height, stream.header.width
        rows, columns = -(-height // 16), -(-width // 16)
        coder = Decoder(frame.payload)
        steps = step_grid(coder, frame, rows, columns)
        z = self.hyper_latents(coder, round(frame.quality * 8), -(-rows // 4), -(-columns // 4))
        values = self.passes(coder, self.prior(z, steps))
        coder.finish()
        return values

    def hyper_latents(self, coder: Decoder, base: int, rows: int, columns: int) -> Array:
        weights = hats(np.full((1, 1), base), self.nodes)[:, 0, 0]
        index = (weights @ self.tensors["hyper_scales.index"].astype(np.int64) + 2**15) >> 16
        indexes = np.repeat(index.clip(1, 63), rows * columns)
        symbols = np.array(read_part(coder, indexes.tolist(), self.tables))
        return symbols.clip(-127, 127).reshape(self.hyper, rows, columns) * 256

    def prior(self, z: Array, steps: Array) -> Array:
        layer = self.layers("hyper_synthesis.")
        a = layer("spread", leaky(layer("enter", z)))
        a = leaky(shuffle(layer("up", leaky(a))))
        features = leaky(shuffle(layer("leave", leaky(layer("mix", a)))))
        cut = features[:, : steps.shape[0], : steps.shape[1]]
        return self.layers("context.")("prior", np.concatenate([cut, hats(steps, self.nodes)]))

    def passes(self, coder: Decoder, prior: Array) -> Array:
        layer = self.layers("context.")
        values = np.zeros((self.latents, *prior.shape[1:]), np.int64)
        for number in range(4):
            x = prior if number == 0 else saturate(prior + layer(f"known.{number - 1}", saturate(values)))
            self.read_pass(coder, number, self.trunk(number, x), values)
        return values

    def trunk(self, number: int, x: Array) -> Array:
        layer = self.layers(f"context.trunks.{number}.")
        x = leaky(x)
        x = saturate(x + leaky(layer("mix", layer("spread", x))))
        return saturate(x + leaky(layer("refine", x)))

    def read_pass(self, coder: Decoder, number: int, x: Array, values: Array) -> None:
        size, blocks = self.latents // 4, []
        for c in range(4):
            group = ORDER[number] ^ c
            where = (slice(group * size, (group + 1) * size), slice(c // 2, None, 2), slice(c % 2, None, 2))
            out = self.layers("context.heads.")(f"{number}.{group}", x[(slice(None), *where[1:])])
            blocks.append((where, out[:size], ((out[size:] + 128) >> 8).clip(0, 63)))
        indexes = np.concatenate([index.reshape(-1) for _, _, index in blocks])
        symbols = iter(read_part(coder, indexes.tolist(), self.tables))
        for where, mean, _ in blocks:
            block = np.array([next(symbols) for _ in range(mean.size)], np.int64).reshape(mean.shape)
            values[where] = 256 * block + mean

    def layers(self, prefix: str) -> Callable[[str, Array], Array]:
        def apply(name: str, x: Array) -> Array:
            weight, bias, shift = (
                self.tensors[f"{prefix}{name}.{part}"].astype(np.int64)
                for part in ("weight", "bias", "shift")
            )
            depthwise = name == "spread" or f"{prefix}{name}" == "hyper_synthesis.mix"
            total = spread_sums(weight, x) if depthwise else np.einsum("oi,ihw->ohw", weight, x)
            half = 2 ** int(shift - 1) if shift else 0
            total = (total + bias[:, None, None] + half) >> shift
            return total if "heads" in prefix else saturate(total)

        return apply


def step_grid(coder: Decoder, frame: FrameRecord, rows: int, columns: int) -> Array:
    base, header = round(frame.quality * 8), frame.level_map
    if header is None:
        return np.full((rows, columns), base)
    levels = np.zeros((header.rows, header.columns), np.int64)
    for i, j in np.ndindex(*levels.shape):
        left, up = (int(levels[i, j - 1]) if j else None), (int(levels[i - 1, j]) if i else None)
        cumulative = [0, *np.cumsum(level_frequencies(header.levels, left, up)).tolist()]
        levels[i, j] = coder.pop(cumulative) - header.levels // 2
    row = [(2 * i + 1) * header.rows // (2 * rows) for i in range(rows)]
    column = [(2 * j + 1) * header.columns // (2 * columns) for j in range(columns)]
    return (base + levels[np.ix_(row, column)] * round(8 * header.strength)).clip(8, 800)


def hats(steps: Array, nodes: int) -> Array:
    position = (2 * (steps - 8) * (nodes - 1) * 256 + 792) // 1584
    return np.stack([np.maximum(0, 256 - np.abs(position - 256 * k)) for k in range(nodes)])


def saturate(a: Array) -> Array:
    return a.clip(-32767, 32767)


def leaky(a: Array) -> Array:
    return saturate(np.maximum(a, a >> 3))


def shuffle(x: Array) -> Array:
    channels, h, w = x.shape
    return x.reshape(channels // 4, 2, 2, h, w).transpose(0, 3, 1, 4, 2).reshape(channels // 4, 2 * h, 2 * w)


def spread_sums(weight: Array, x: Array) -> Array:
    padded, (h, w) = np.pad(x, ((0, 0), (1, 1), (1, 1))), x.shape[1:]
    taps = [padded[:, 1 + i : 1 + i + h, 1 + j : 1 + j + w] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return sum((weight[:, n, None, None] * tap for n, tap in enumerate(taps)), np.zeros_like(x))


def random_map(rows: int, columns: int, count: int, strength: float) -> LevelMap:
    levels = np.random.default_rng(3).integers(-(count // 2), count // 2 + 1, (rows, columns))
    return LevelMap(levels.astype(np.int8), count, strength)


@pytest.mark.parametrize(
    ("size", "quality", "level_map"),
    [
        ((1, 1), 100.0, None),
        ((33, 150), 3.125, None),
        ((90, 70), 60.0, random_map(3, 4, 3, 10.0)),
        ((16, 260), 95.0, random_map(7, 5, 9, 12.5)),
    ],
)
def test_a_decoder_written_from_the_page_reads_the_same_latents(
    random_codec: Codec,
    random_model_path: Path,
    size: tuple[int, int],
    quality: float,
    level_map: LevelMap | None,
) -> None:
    picture = np.random.default_rng(7).integers(0, 256, (*size, 3), dtype=np.uint8)
    data = random_codec.encode(picture, quality, level_map=level_map)
    expected = random_codec.decode_latents(data).latents.numpy()
    assert np.ptp(expected) > 256
    np.testing.assert_array_equal(PageDecoder(random_model_path).decode(data), expected)


def test_a_payload_that_does_not_end_where_its_last_symbol_ends_is_refused(random_codec: Codec) -> None:
    stream = read_stream(random_codec.encode(np.zeros((20, 20, 3), np.uint8), 50))
    longer = dataclasses.replace(stream.frames[0], payload=b"\x01" + stream.frames[0].payload)
    with pytest.raises(BitstreamError, match="damaged"):
        random_codec.decode_latents(write_stream(dataclasses.replace(stream, frames=(longer,))))
