"""Frames of a sequence to records, in order: each is predicted from the one before it, or a key frame."""

from dataclasses import dataclass

import torch

from cotam.bitstream import FrameRecord, padded_payload
from cotam.codec.latents import FrameSink
from cotam.codec.level_map import LevelMap, write_levels
from cotam.codec.prediction import Reference
from cotam.codec.records import Analysis
from cotam.codec.request import DEFAULT_QUALITY
from cotam.codec.steps import step_map
from cotam.codec.temporal import TemporalCodec
from cotam.entropy_coding import FrameWriter
from cotam.entropy_models.temporal import INTRA
from cotam.ops.quality_scale import STEPS_PER_QUALITY, quality_to_step

KEY_INTERVAL = 50
"""Frames from one key frame to the next, where nothing else asks for one."""
ALONE_SHARE = 0.2
"""Where more than this share of a predicted frame's cells does without the frame before, a key frame is tried too."""


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame that is to be coded."""

    analysis: Analysis
    step: int
    """Its quality step."""
    steps: torch.Tensor
    """The quality step of each latent position, int64 (h, w)."""
    level_map: LevelMap | None
    timestamp_ms: int

    def writer(self) -> FrameWriter:
        """What takes its latents; the levels stand in it."""
        writer = FrameWriter()
        write_levels(writer, self.level_map)
        return writer

    def record(self, writer: FrameWriter, check: int | None = None) -> FrameRecord:
        """Its record; with a check, of a predicted one, whose payload is empty where nothing is coded."""
        height, width = self.analysis.source.pixels.shape[:2]
        predicted, payload = check is not None, writer.to_bytes()
        if check and payload:
            payload = writer.to_bytes(check)
        payload = padded_payload(payload, width, height, predicted=predicted)
        header = self.level_map.header() if self.level_map is not None else None
        return FrameRecord(self.step / STEPS_PER_QUALITY, header, payload, self.timestamp_ms, predicted)


@dataclass(frozen=True)
class _Coded:
    """A coded frame: its record and its latents, int64-valued float64 (M, h, w)."""

    record: FrameRecord
    reference: Reference
    alone: float = 1.0
    """Share of the cells that are coded without the frame before."""


class FrameEncoder:
    """Codes the frames of a sequence in order; it remembers the frame before, and nothing else.

    Args:
        temporal: the codec.
        key_interval: at least every how manyeth frame is a key frame; 1 makes all of them key frames.

    Raises:
        ValueError: the interval is below 1.
    """

    def __init__(self, temporal: TemporalCodec, key_interval: int = KEY_INTERVAL) -> None:
        if key_interval < 1:
            raise ValueError(f"key_interval must be at least 1, not {key_interval}")
        self.temporal, self.codec, self.key_interval = temporal, temporal.codec, key_interval
        self._before: Reference | None = None
        self._since_key = 0

    def forget(self) -> None:
        """The last frame did not get where it should: the next one is a key frame."""
        self._before = None

    @torch.inference_mode()
    def encode(
        self,
        analysis: Analysis,
        quality: float = DEFAULT_QUALITY,
        level_map: LevelMap | None = None,
        *,
        timestamp_ms: int = 0,
        key: bool = False,
    ) -> FrameRecord:
        """Code the next frame.

        Args:
            analysis: of the frame, from `Codec.analyse`; all frames have one size.
            quality: 1 to 100.
            level_map: cells to code finer or coarser.
            timestamp_ms: time since the start of the sequence.
            key: make it a key frame.
        """
        step = quality_to_step(quality)
        steps = step_map(step, level_map, *analysis.y.shape[-2:], device=self.codec.device)
        frame, before = _Frame(analysis, step, steps, level_map, timestamp_ms), self._before
        if key or before is None or self._since_key >= self.key_interval - 1:
            return self._keep(self._key(frame))
        if before.values.shape != analysis.y.shape:
            raise ValueError("all frames of a sequence must have one size")
        coded = self._predicted(frame, before)
        if coded.alone > ALONE_SHARE:
            key_frame = self._key(frame)
            if len(key_frame.record.payload) <= len(coded.record.payload):
                coded = key_frame
        return self._keep(coded)

    def _keep(self, coded: _Coded) -> FrameRecord:
        self._before = coded.reference
        self._since_key = self._since_key + 1 if coded.record.predicted else 0
        return coded.record

    def _key(self, frame: _Frame) -> _Coded:
        writer, latents = frame.writer(), self.codec.latents
        base = torch.tensor([frame.step], device=self.codec.device)
        sink = FrameSink(latents.tables, [writer])
        values = latents.encode(frame.analysis.y[None], frame.steps[None], base, sink)[0]
        return _Coded(frame.record(writer), Reference(values, frame.steps))

    def _predicted(self, frame: _Frame, before: Reference) -> _Coded:
        writer, coder = frame.writer(), self.temporal.coder
        values, modes = coder.encode(frame.analysis.y, frame.steps, frame.step, before, writer)
        record = frame.record(writer, self.temporal.check)
        return _Coded(record, Reference(values, frame.steps), float((modes == INTRA).float().mean()))
