"""The numbers of the .cotam format: what is fixed, and the bounds that writers and readers both enforce.

Readers check every bound before they allocate or copy anything whose size depends on it. Changing a
number here changes the format: it needs a new version and an entry in ``docs/format.md``.
"""

MAGIC = b"\x8bCTM"
"""First four bytes of every stream. The first one is no ASCII and no start of UTF-8 text."""

VERSION = 2
"""The newest format version that this release writes and reads."""

FIRST_VERSION = 1
"""The version of everything that needs none later, so that older releases read it."""

PREDICTION_VERSION = 2
"""The version of sequences that may hold predicted frames."""

MODEL_ID_BYTES = 4
"""Leading bytes of the SHA-256 content hash of the model's weights."""

CHECKSUM_BYTES = 4
"""Bytes of a CRC-32."""

STILL_OVERHEAD_BYTES = 20
"""Bytes of a still image without metadata and with a uniform level map, beside its payload."""

MAX_SIDE = 65_536
"""Largest width or height of a frame, in pixels: the field stores side - 1 in 16 bits."""

MAX_PIXELS = 2**26
"""Largest width * height of a frame."""

MAX_PIXELS_PER_PAYLOAD_BYTE = 512
"""How many pixels one byte of payload may ask a decoder to produce."""

MIN_FREE_PAYLOAD = 512
"""Payloads are counted as at least this many bytes by the rule above, so small pictures need no padding."""

PREDICTED_FACTOR = 8
"""How many times more pixels a byte of a predicted frame's payload may ask for."""

MAX_PAYLOAD_BYTES = 2**28
"""Largest payload of a frame, in bytes."""

PREDICTED = 0x8000
"""The bit of the quality field that says, from `PREDICTION_VERSION` on, that the frame is predicted."""

QUALITY_STEP = 1 / 8
"""Resolution of the stored quality."""

MIN_QUALITY = 1.0
"""Lowest quality of a frame."""

MAX_QUALITY = 100.0
"""Highest quality of a frame."""

MIN_LEVELS = 3
"""Fewest levels of a level map that is not uniform."""

MAX_LEVELS = 9
"""Most levels of a level map; the number is always odd."""

STRENGTH_STEP = 1 / 2
"""Resolution of the stored strength of a level map, in quality."""

MIN_STRENGTH = 0.5
"""Smallest shift of quality from one level to the next."""

MAX_STRENGTH = 50.0
"""Largest shift of quality from one level to the next."""

MAX_GRID = 128
"""Most rows, and most columns, of a level map."""

MAX_METADATA_ITEMS = 8
"""Most metadata items of a stream, unknown types included."""

MAX_METADATA_BYTES = 2**20
"""Most bytes of all metadata items together, without their type and length fields."""

MAX_VARINT = 2**32 - 1
"""Largest value of a varint."""

MAX_VARINT_BYTES = 5
"""Most bytes of a varint: five groups of seven bits hold ``MAX_VARINT``."""

MAX_FRAMES = 100_000
"""Most frames of a sequence."""

MIN_BODY_BYTES = 3
"""Smallest frame body: quality and the byte of a uniform level map, with an empty payload."""

MAX_BODY_BYTES = MAX_PAYLOAD_BYTES + 6
"""Largest frame body: quality, a full level-map descriptor and the largest payload."""
