"""What a stream holds, as frozen records that check themselves.

Every record can be written: a value that the format cannot hold is refused with ``ValueError`` when the
record is made. The fields and their bounds are those of ``docs/format.md``.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from cotam.bitstream.checks import check_integer, check_steps
from cotam.bitstream.limits import (
    FIRST_VERSION,
    MAX_FRAMES,
    MAX_GRID,
    MAX_LEVELS,
    MAX_METADATA_BYTES,
    MAX_PIXELS,
    MAX_QUALITY,
    MAX_SIDE,
    MAX_STRENGTH,
    MAX_VARINT,
    MIN_LEVELS,
    MIN_QUALITY,
    MIN_STRENGTH,
    MODEL_ID_BYTES,
    PREDICTION_VERSION,
    QUALITY_STEP,
    STRENGTH_STEP,
    VERSION,
)
from cotam.bitstream.payload import check_payload_length


@dataclass(frozen=True)
class Metadata:
    """Optional descriptions of the picture, kept byte for byte; ``None`` where there is none."""

    exif: bytes | None = None
    """EXIF data, without the ``Exif\\0\\0`` prefix that JPEG adds."""
    icc: bytes | None = None
    """ICC colour profile of the picture that was encoded."""
    xmp: bytes | None = None
    """XMP packet, UTF-8."""

    def __post_init__(self) -> None:
        total = sum(len(item) for item in (self.exif, self.icc, self.xmp) if item is not None)
        if total > MAX_METADATA_BYTES:
            raise ValueError(f"metadata must be at most {MAX_METADATA_BYTES} bytes, got {total}")


@dataclass(frozen=True)
class LevelMapHeader:
    """The level map's shape and effect; its symbols are the first thing coded in the payload."""

    levels: int
    """Number of levels, odd, 3 to 9: symbols are ``-(levels // 2) .. levels // 2``."""
    strength: float
    """Shift of quality from one level to the next, 0.5 to 50 in steps of 0.5."""
    rows: int
    """Rows of cells, 1 to 128."""
    columns: int
    """Columns of cells, 1 to 128."""

    def __post_init__(self) -> None:
        check_integer("level map levels", self.levels, MIN_LEVELS, MAX_LEVELS)
        if self.levels % 2 == 0:
            raise ValueError(f"level map levels must be odd, got {self.levels}")
        check_steps("level map strength", self.strength, MIN_STRENGTH, MAX_STRENGTH, STRENGTH_STEP)
        check_integer("level map rows", self.rows, 1, MAX_GRID)
        check_integer("level map columns", self.columns, 1, MAX_GRID)


@dataclass(frozen=True)
class FrameRecord:
    """One coded picture."""

    quality: float
    """Base quality, 1 to 100 in steps of 1/8 (see ``nearest_quality``)."""
    level_map: LevelMapHeader | None
    """The level map's header, or ``None`` where every cell has level 0."""
    payload: bytes
    """Entropy-coded bytes, with any leading zero bytes of padding."""
    timestamp_ms: int = 0
    """Time since the start of the sequence, in milliseconds; 0 in a still image."""
    predicted: bool = False
    """Whether the frame needs the decoded latents of the frame before it; a key frame needs none."""

    def __post_init__(self) -> None:
        check_steps("quality", self.quality, MIN_QUALITY, MAX_QUALITY, QUALITY_STEP)
        check_integer("timestamp_ms", self.timestamp_ms, 0, MAX_FRAMES * MAX_VARINT)


@dataclass(frozen=True)
class StreamHeader:
    """What is true of the whole stream."""

    width: int
    """Width of every frame in pixels, 1 to 65536."""
    height: int
    """Height of every frame in pixels, 1 to 65536; width * height is at most 2**26."""
    model_id: bytes
    """First 4 bytes of the SHA-256 content hash of the weights that decode the stream."""
    grey: bool = False
    """Whether the decoder returns a grey picture."""
    sequence: bool = False
    """Whether the stream is a sequence of frames with timestamps, not a still image."""
    metadata: Metadata = field(default_factory=Metadata)
    """EXIF, ICC and XMP data."""
    version: int = FIRST_VERSION
    """Format version: 1, or 2 for a sequence that may hold predicted frames."""

    def __post_init__(self) -> None:
        check_integer("version", self.version, FIRST_VERSION, VERSION)
        if self.version >= PREDICTION_VERSION and not self.sequence:
            raise ValueError(
                f"version {self.version} is for sequences; a still image is version {FIRST_VERSION}"
            )
        check_integer("width", self.width, 1, MAX_SIDE)
        check_integer("height", self.height, 1, MAX_SIDE)
        if self.width * self.height > MAX_PIXELS:
            raise ValueError(f"a frame must be at most {MAX_PIXELS} pixels, got {self.width} x {self.height}")
        if len(self.model_id) != MODEL_ID_BYTES:
            raise ValueError(f"model_id must be {MODEL_ID_BYTES} bytes, got {len(self.model_id)}")


@dataclass(frozen=True)
class Stream:
    """A whole stream: a still image (exactly one frame, at time 0) or a sequence."""

    header: StreamHeader
    frames: tuple[FrameRecord, ...]
    """The frames in order of time."""

    def __post_init__(self) -> None:
        check_integer("number of frames", len(self.frames), 1, MAX_FRAMES if self.header.sequence else 1)
        if not self.header.sequence and self.frames[0].timestamp_ms:
            raise ValueError(f"timestamp_ms of a still image must be 0, got {self.frames[0].timestamp_ms}")
        for index, frame in enumerate(self.frames):
            check_frame(self.header, index, frame)
        for delta in self.timestamp_deltas():
            check_integer("time from one frame to the next", delta, 0, MAX_VARINT)

    def timestamp_deltas(self) -> list[int]:
        """Milliseconds from each frame's predecessor; for the first frame, from 0."""
        times = [0, *(frame.timestamp_ms for frame in self.frames)]
        return [later - earlier for earlier, later in pairwise(times)]


def check_frame(header: StreamHeader, index: int, frame: FrameRecord) -> None:
    """Refuse a frame that cannot be frame ``index`` of a stream with this header.

    Raises:
        ValueError: its payload is too short or too long, or it is predicted and there is nothing to predict it from.
    """
    check_payload_length(len(frame.payload), header.width, header.height, predicted=frame.predicted)
    if frame.predicted and header.version < PREDICTION_VERSION:
        raise ValueError(
            f"frame {index} is predicted, which needs version {PREDICTION_VERSION}, not {header.version}"
        )
    if frame.predicted and index == 0:
        raise ValueError("the first frame of a sequence must be a key frame, not predicted")


def nearest_quality(quality: float) -> float:
    """The storable quality nearest to ``quality``, in steps of 1/8.

    Raises:
        ValueError: ``quality`` is not in 1 to 100.
    """
    if not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(f"quality must be {MIN_QUALITY:g} to {MAX_QUALITY:g}, got {quality}")
    return round(quality / QUALITY_STEP) * QUALITY_STEP
