"""Streams to test with."""

import pytest
from hypothesis import strategies as st

from cotam.bitstream import (
    FrameRecord,
    LevelMapHeader,
    Metadata,
    Stream,
    StreamHeader,
    padded_payload,
)

LEVEL_MAPS = st.none() | st.builds(
    LevelMapHeader,
    levels=st.sampled_from([3, 5, 7, 9]),
    strength=st.integers(1, 100).map(lambda steps: steps / 2),
    rows=st.integers(1, 128),
    columns=st.integers(1, 128),
)
QUALITIES = st.integers(8, 800).map(lambda steps: steps / 8)
ITEMS = st.none() | st.binary(max_size=300)


@st.composite
def _streams(draw: st.DrawFn) -> Stream:
    sequence = draw(st.booleans())
    header = StreamHeader(
        width=draw(st.integers(1, 2000)),
        height=draw(st.integers(1, 2000)),
        model_id=draw(st.binary(min_size=4, max_size=4)),
        grey=draw(st.booleans()),
        sequence=sequence,
        metadata=Metadata(draw(ITEMS), draw(ITEMS), draw(ITEMS)),
    )
    times = sorted(draw(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4))) if sequence else [0]
    frames = [
        FrameRecord(
            draw(QUALITIES),
            draw(LEVEL_MAPS),
            padded_payload(draw(st.binary(max_size=100)), header.width, header.height),
            time,
        )
        for time in times
    ]
    return Stream(header, tuple(frames))


@pytest.fixture(scope="session")
def streams() -> st.SearchStrategy[Stream]:
    """Any stream, still image or sequence, of up to four frames."""
    return _streams()


@pytest.fixture
def still() -> Stream:
    """A still image of 640 x 480 with a level map and a padded payload."""
    header = StreamHeader(640, 480, b"\xaa\xbb\xcc\xdd")
    payload = padded_payload(b"\x01\x02\x03\x04", 640, 480)
    return Stream(header, (FrameRecord(40.0, LevelMapHeader(3, 7.5, 8, 8), payload),))


@pytest.fixture
def sequence() -> Stream:
    """A sequence of three small frames."""
    header = StreamHeader(64, 48, b"\xaa\xbb\xcc\xdd", sequence=True)
    frames = [FrameRecord(40.0, None, bytes([index]) * 5, timestamp_ms=index * 200) for index in (1, 2, 3)]
    return Stream(header, tuple(frames))
