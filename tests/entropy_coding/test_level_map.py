import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cotam.entropy_coding import PRECISION, FrameReader, FrameWriter, read_level_map, write_level_map
from cotam.entropy_coding.level_map import LEVEL_COUNTS, level_frequencies
from cotam.entropy_coding.reference import Decoder
from cotam.errors import BitstreamError

CENTRED_BLOB = [
    [-1, -1, 0, 0, 0, 0, -1, -1],
    [-1, 0, 0, 0, 0, 0, 0, -1],
    [0, 0, 0, 1, 1, 0, 0, 0],
    [0, 0, 1, 1, 1, 1, 0, 0],
    [0, 0, 1, 1, 1, 0, 0, 0],
    [0, 0, 0, 1, 1, 0, 0, 0],
    [-1, 0, 0, 0, 0, 0, 0, 0],
    [-1, -1, 0, 0, 0, -1, -1, -1],
]


def coded(levels, n):
    writer = FrameWriter()
    write_level_map(writer, levels, n)
    return writer.to_bytes()


def importance_like_map(rng):
    """One blob near the centre with some noise: the highest fifth is +1, the lowest fifth is -1."""
    rows, columns = np.mgrid[0:8, 0:8]
    centre, width = rng.normal(3.5, 0.8, 2), rng.uniform(1.5, 2.5, 2)
    blob = np.exp(-(((rows - centre[0]) / width[0]) ** 2 + ((columns - centre[1]) / width[1]) ** 2) / 2)
    blob += rng.normal(0, 0.04, blob.shape)
    low, high = np.quantile(blob, [0.2, 0.8])
    return (blob > high).astype(int) - (blob < low)


@settings(deadline=None, max_examples=100)
@given(st.data(), st.sampled_from(LEVEL_COUNTS))
def test_any_map_comes_back(data, n):
    shape = data.draw(array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9))
    levels = data.draw(arrays(np.int64, shape, elements=st.integers(-(n // 2), n // 2)))
    reader = FrameReader(coded(levels, n))
    decoded = read_level_map(reader, *shape, n)
    reader.finish()
    assert decoded.dtype == np.int8
    np.testing.assert_array_equal(decoded, levels)


@pytest.mark.parametrize("n", LEVEL_COUNTS)
def test_frequencies_make_a_table_in_every_context(n):
    neighbours = [None, *range(-(n // 2), n // 2 + 1)]
    for left in neighbours:
        for up in neighbours:
            frequencies = level_frequencies(n, left, up)
            assert sum(frequencies) == 1 << PRECISION
            assert min(frequencies) >= 2
            assert len(frequencies) == n


def test_frequencies_are_those_of_the_format():
    assert level_frequencies(3, None, None) == (5033164, 6710888, 5033164)
    assert level_frequencies(3, 0, 0) == (1664589, 13448038, 1664589)
    assert level_frequencies(5, -1, 2) == (1204747, 3569620, 4818989, 3614240, 3569620)


def test_a_level_like_its_neighbours_is_likeliest():
    for n in LEVEL_COUNTS:
        for level in range(-(n // 2), n // 2 + 1):
            frequencies = level_frequencies(n, level, level)
            assert np.argmax(frequencies) == level + n // 2


def test_the_coded_bytes_never_change():
    assert coded(CENTRED_BLOB, 3).hex() == "02b726307cc036f1c01d"
    assert coded(np.array(CENTRED_BLOB) * 2, 5).hex() == "18c1d001b4bb3e00ffc0dbc12c06"


def test_the_reference_reads_the_map():
    decoder = Decoder(coded(CENTRED_BLOB, 3))
    levels = np.zeros((8, 8), dtype=int)
    for row, column in np.ndindex(8, 8):
        left = levels[row, column - 1] if column else None
        up = levels[row - 1, column] if row else None
        levels[row, column] = decoder.pop([0, *np.cumsum(level_frequencies(3, left, up)).tolist()]) - 1
    decoder.finish()
    assert levels.tolist() == CENTRED_BLOB


def test_maps_like_those_of_pictures_cost_nine_bytes_on_average():
    rng = np.random.default_rng(11)
    in_a_frame = []
    for _ in range(200):
        writer = FrameWriter()
        write_level_map(writer, importance_like_map(rng), 3)
        in_a_frame.append(len(writer.to_bytes(check=int(rng.integers(1, 1 << 24)))) - 3)
    assert np.mean(in_a_frame) <= 9
    assert max(in_a_frame) <= 12


@pytest.mark.parametrize("level", [-1, 0, 1])
def test_a_uniform_map_is_cheap(level):
    assert len(coded(np.full((8, 8), level), 3)) <= 8


@pytest.mark.parametrize("n", [0, 1, 2, 4, 11, -3])
def test_other_numbers_of_levels_are_refused(n):
    with pytest.raises(ValueError, match="a level map has 3, 5, 7, 9 levels"):
        write_level_map(FrameWriter(), [[0]], n)
    with pytest.raises(ValueError, match="a level map has 3, 5, 7, 9 levels"):
        read_level_map(FrameReader(b""), 1, 1, n)


@pytest.mark.parametrize("levels", [[0, 0], [[2]], [[-2]], [[0.0]], np.array([[255]], dtype=np.uint8)])
def test_what_is_no_map_of_three_levels_is_refused(levels):
    with pytest.raises(ValueError, match="levels must"):
        write_level_map(FrameWriter(), levels, 3)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_decode_or_are_refused(data):
    reader = FrameReader(data)
    levels = read_level_map(reader, 6, 7, 5)
    assert np.abs(levels).max() <= 2
    try:
        reader.finish()
    except BitstreamError:
        return
    assert coded(levels, 5) == data.lstrip(b"\0")
