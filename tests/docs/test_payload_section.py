"""A decoder written from docs/format.md alone, in plain integers: the page is enough, and the codec obeys it."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from page_integers import Array, hats, random_map, saturate, step_grid
from safetensors import safe_open

from cotam.bitstream import read_stream, write_stream
from cotam.bitstream.records import FrameRecord
from cotam.checkpoint.temporal import write_temporal
from cotam.codec import Codec, LevelMap
from cotam.codec.frame_encoding import FrameEncoder
from cotam.codec.temporal import load_temporal_codec
from cotam.entropy_coding import TableSet
from cotam.entropy_coding.reference import Decoder, read_part
from cotam.errors import BitstreamError
from cotam.models.temporal import TemporalNetworks
from cotam.training.float_form import float_form

ORDER = (0, 3, 1, 2)
TAPS = ((0, 32, 0, 0), (-2, 28, 7, -1), (-2, 18, 18, -2), (-1, 7, 28, -2))
MAX_REFERENCE = 8388608


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


def leaky(a: Array) -> Array:
    return saturate(np.maximum(a, a >> 3))


def shuffle(x: Array) -> Array:
    channels, h, w = x.shape
    return x.reshape(channels // 4, 2, 2, h, w).transpose(0, 3, 1, 4, 2).reshape(channels // 4, 2 * h, 2 * w)


def spread_sums(weight: Array, x: Array) -> Array:
    padded, (h, w) = np.pad(x, ((0, 0), (1, 1), (1, 1))), x.shape[1:]
    taps = [padded[:, 1 + i : 1 + i + h, 1 + j : 1 + j + w] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return sum((weight[:, n, None, None] * tap for n, tap in enumerate(taps)), np.zeros_like(x))


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


class PagePredictedDecoder(PageDecoder):
    """Decodes predicted frames as the section "Payload of a predicted frame" says, in int64."""

    def __init__(self, base: Path, networks: Path) -> None:
        super().__init__(base)
        paths = [
            self.tensors[name].astype(np.float64)
            for name in ("synthesis.linear.weight", "analysis.linear.weight")
        ]
        self.paths = [
            np.floor(path[..., 0, 0] * 4096 + 0.5).clip(-32767, 32767).astype(np.int64) for path in paths
        ]
        with safe_open(networks, framework="np") as file:
            self.tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            self.check = int(file.metadata()["temporal_id"][:4], 16)

    def decode_frame(self, frame: FrameRecord, before: Array, old_steps: Array) -> tuple[Array, Array]:
        coder, (h, w) = Decoder(frame.payload), old_steps.shape
        steps = step_grid(coder, frame, h, w)
        vectors = [
            tuple(coder.pop(range(0, 2**24 + 1, 2**14)) - 512 for _ in range(2))
            for _ in range(coder.pop(range(0, 2**24 + 1, 2**21)))
        ]
        modes = read_grid(coder, h, w, 3)
        choice = read_grid(coder, h, w, len(vectors) + 1) if vectors else 0 * modes
        p = self.predict(before.clip(-MAX_REFERENCE, MAX_REFERENCE), old_steps, steps, vectors, choice)
        z = self.coded_hyper_latents(coder, round(frame.quality * 8), modes)
        values = self.differences(coder, self.prior(z, steps), p, modes)
        coder.finish(self.check)
        return values + p * (modes < 2), steps

    def predict(
        self, v: Array, old: Array, new: Array, vectors: Sequence[tuple[int, ...]], choice: Array
    ) -> Array:
        before, now = hats(old, self.nodes), hats(new, self.nodes)
        p = self.times(v, now - before, "gain", 0)
        plain = self.times(v, before, "inverse", 8)
        sample = ((np.einsum("om,mhw->ohw", self.paths[0], plain) + 2**13) >> 14).clip(-(2**16), 2**16)
        h, w = old.shape
        picture = sample.reshape(3, 16, 16, h, w).transpose(0, 3, 1, 4, 2).reshape(3, 16 * h, 16 * w)
        for number, (down, right) in enumerate(vectors, start=1):
            moved = along(along(picture, 1, -down), 2, -right)
            cells = moved.reshape(3, h, 16, w, 16).transpose(0, 2, 4, 1, 3).reshape(768, h, w)
            y = (np.einsum("ms,shw->mhw", self.paths[1], cells) + 2**19) >> 20
            there = self.times(y.clip(-MAX_REFERENCE, MAX_REFERENCE), now, "gain", -8)
            p = np.where(choice == number, there, p)
        return p

    def times(self, a: Array, weights: Array, name: str, octaves: int) -> Array:
        rise = np.einsum("khw,kc->chw", weights, self.tensors[f"scale.log_{name}"].astype(np.int64))
        power = (rise + 2**13) >> 14
        mantissa = self.tensors["scale.exp2"].astype(object)[power % 1024]
        octave = ((power >> 10) + octaves).clip(-16, 16) + 16
        result = (a.astype(object) * mantissa * 2 ** octave.astype(object) * 2 + 2**32) >> 33
        return result.astype(np.int64).clip(-MAX_REFERENCE, MAX_REFERENCE)

    def coded_hyper_latents(self, coder: Decoder, base: int, modes: Array) -> Array:
        h, w = modes.shape
        padded = np.pad(modes > 0, ((0, -h % 4), (0, -w % 4)))
        coded = padded.reshape(-(-h // 4), 4, -(-w // 4), 4).any((1, 3))
        weights = hats(np.full((1, 1), base), self.nodes)[:, 0, 0]
        index = (weights @ self.tensors["hyper_scales.index"].astype(np.int64) + 2**15) >> 16
        indexes = index.clip(1, 63)[:, None, None] * coded
        return self.part(coder, indexes).clip(-127, 127) * 256

    def part(self, coder: Decoder, indexes: Array) -> Array:
        return np.array(read_part(coder, indexes.reshape(-1).tolist(), self.tables)).reshape(indexes.shape)

    def differences(self, coder: Decoder, prior: Array, p: Array, modes: Array) -> Array:
        layer = self.layers("context.reference.")
        seen = np.concatenate([saturate(p), np.stack([256 * (modes == mode) for mode in range(3)])])
        prior = saturate(prior + layer("leave", leaky(layer("spread", leaky(layer("enter", seen))))))
        self.seen, self.coded = p, modes > 0
        return self.passes(coder, prior)

    def read_pass(self, coder: Decoder, number: int, x: Array, values: Array) -> None:
        size, blocks = self.latents // 4, []
        for c in range(4):
            group = ORDER[number] ^ c
            where = (slice(group * size, (group + 1) * size), slice(c // 2, None, 2), slice(c % 2, None, 2))
            out = self.layers("context.heads.")(f"{number}.{group}", x[(slice(None), *where[1:])])
            gate = (out[2 * size :].clip(-512, 512) * self.seen[where] + 128) >> 8
            coded = self.coded[where[1:]]
            index = ((out[size : 2 * size] * coded + 128) >> 8).clip(0, 63)
            blocks.append((where, (out[:size] + gate) * coded, index))
        indexes = np.concatenate([index.reshape(-1) for _, _, index in blocks])
        symbols = iter(read_part(coder, indexes.tolist(), self.tables))
        for where, mean, _ in blocks:
            block = np.array([next(symbols) for _ in range(mean.size)], np.int64).reshape(mean.shape)
            values[where] = 256 * block + mean


def along(picture: Array, axis: int, quarters: int) -> Array:
    whole, part = divmod(quarters, 4)
    size = picture.shape[axis]
    return sum(
        weight * picture.take((np.arange(size) + whole + place).clip(0, size - 1), axis)
        for place, weight in enumerate(TAPS[part], start=-1)
    )


def read_grid(coder: Decoder, h: int, w: int, n: int) -> Array:
    counts = np.array(
        [[[1 + 5 * (k == left) + 5 * (k == up) for k in range(n)] for up in range(n)] for left in range(n)]
    )
    grid = np.zeros((h, w), np.int64)
    for i, j in np.ndindex(h, w):
        row = counts[grid[i, j - 1] if j else 0, grid[i - 1, j] if i else 0]
        frequencies = 1 + row * (2**24 - n) // row.sum()
        frequencies[row.argmax()] += 2**24 - frequencies.sum()
        grid[i, j] = coder.pop([0, *np.cumsum(frequencies).tolist()])
        row[grid[i, j]] += 8
    return grid


@pytest.mark.parametrize("vary", [False, True])
def test_a_decoder_written_from_the_page_reads_the_same_predicted_frames(
    random_codec: Codec, random_model_path: Path, tmp_path: Path, make_picture, vary: bool
) -> None:
    networks = TemporalNetworks.beginning_with(float_form(random_codec.network))
    for number, parameter in enumerate(networks.parameters()):
        rng = np.random.default_rng(number)
        parameter.data += networks.context.prior.weight.new_tensor(rng.normal(0, 0.03, parameter.shape))
    path = tmp_path / "temporal.safetensors"
    base_id = random_codec.model_id.hex()
    write_temporal(path, networks.to_integers(), name="page", base_id=base_id, description="")
    temporal = load_temporal_codec(random_codec, path)
    encoder, page = FrameEncoder(temporal), PagePredictedDecoder(random_model_path, path)
    canvas = make_picture(120, 180, seed=4)
    encoder.encode(random_codec.analyse(canvas[:90, :140]), 50)
    for n in (1, 2):
        before = encoder._before
        frame = canvas[3 * n : 3 * n + 90, 5 * n : 5 * n + 140]
        level_map = random_map(3, 4, 3, 10.0) if vary and n == 1 else None
        record = encoder.encode(random_codec.analyse(frame), 50 + 10.125 * vary * n, level_map)
        assert record.predicted
        values, steps = page.decode_frame(
            record, before.values.numpy().astype(np.int64), before.steps.numpy()
        )
        np.testing.assert_array_equal(steps, encoder._before.steps.numpy())
        np.testing.assert_array_equal(values, encoder._before.values.numpy().astype(np.int64))
