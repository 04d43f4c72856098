import zlib

import numpy as np
import pytest

from cotam.bitstream import read_stream
from cotam.codec import Codec
from cotam.evaluation.mutations import MUTATIONS, change_field, change_payload, junk, mix_parts, mutate
from cotam.evaluation.robustness import valid_streams

RUNS = 300


@pytest.fixture(scope="module")
def streams(random_codec: Codec) -> list[bytes]:
    return valid_streams(random_codec)


def repaired(data: bytes) -> bool:
    return len(data) > 4 and zlib.crc32(data[:-4]).to_bytes(4, "little") == data[-4:]


def test_a_case_can_be_made_again_from_seed_and_index(streams):
    assert [mutate(1, i, streams) for i in range(50)] == [mutate(1, i, streams) for i in range(50)]
    assert mutate(1, 0, streams) != mutate(2, 0, streams)


def test_every_mutation_occurs_and_half_of_all_have_a_right_checksum(streams):
    cases = [mutate(0, i, streams) for i in range(RUNS)]
    assert {name for name, _ in cases} == {mutation.__name__ for mutation in MUTATIONS}
    assert 0.4 < sum(repaired(data) for _, data in cases) / RUNS < 0.75


def test_a_changed_payload_stays_inside_a_valid_container(streams):
    rng = np.random.default_rng(0)
    kept = [change_payload(rng, streams[5], streams[6]) for _ in range(20)]
    assert sum(repaired(data) for data in kept) >= 15
    assert all(data[:15] == streams[5][:15] for data in kept if repaired(data))


def test_a_changed_field_leaves_the_payload_alone(streams):
    rng = np.random.default_rng(0)
    for _ in range(50):
        changed = change_field(rng, streams[5], b"")
        assert len(changed) == len(streams[5])
        assert changed[19:] == streams[5][19:]


def test_junk_begins_like_a_stream(streams):
    rng = np.random.default_rng(0)
    assert all(junk(rng, streams[0], b"").startswith(b"\x8bCTM") for _ in range(20))


def test_mixed_parts_make_a_valid_container(streams):
    rng = np.random.default_rng(0)
    mixed = [mix_parts(rng, streams[5], streams[11]) for _ in range(20)]
    whole = [data for data in mixed if repaired(data)]
    assert len(whole) >= 15
    assert len({read_stream(data).header for data in whole}) == 2
    assert len({data[15:19] for data in whole}) > 1
