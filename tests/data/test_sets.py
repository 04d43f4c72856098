"""Reading data sets of streams back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader

from cotam import decode, load_codec
from cotam.data import StreamFeed, StreamSet
from cotam.errors import BitstreamError, DatasetError, ModelError


@pytest.fixture(params=["folder", "shards", "table"])
def data(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def same(image: Any, stream: bytes) -> bool:
    return np.array_equal(np.asarray(image), np.asarray(decode(stream)))


def test_rows_are_found_by_number_and_decode_to_their_pictures(data, streams):
    rows = StreamSet(data)
    assert len(rows) == len(streams)
    assert [same(rows[n]["image"], streams[n]) for n in range(len(streams))] == [True] * len(streams)
    assert len({rows[n]["key"] for n in range(len(streams))}) == len(streams)


def test_a_loader_has_a_batch_decoded_together(data, streams, monkeypatch):
    from cotam.data import sets

    calls = []

    def counted(contents, codec):
        calls.append(len(contents))
        return decode_pictures(contents, codec)

    decode_pictures = sets.decode_pictures
    monkeypatch.setattr(sets, "decode_pictures", counted)
    batches = list(DataLoader(StreamSet(data), batch_size=3, collate_fn=list))
    assert calls == [3, 2]
    rows = [row for batch in batches for row in batch]
    assert [same(row["image"], s) for row, s in zip(rows, streams, strict=True)] == [True] * len(streams)


def test_the_rest_of_a_sample_and_of_a_row_comes_along(shards, table):
    sample, row = StreamSet(shards)[3], StreamSet(table)[3]
    assert (sample["txt"], json.loads(sample["json"])) == (b"picture 3", {"n": 3})
    assert row["n"] == 3


def test_shards_can_be_named_by_a_range(shards, streams):
    assert len(StreamSet(f"{shards}/part-{{00..01}}.tar")) == len(streams)


def test_a_transform_makes_what_is_wanted_of_a_row(folder):
    assert StreamSet(folder, transform=lambda row: row["image"].size)[0] == (40, 24)


def test_a_feed_gives_each_row_once_over_all_processes_and_workers(shards, streams):
    keys = []
    for rank in range(2):
        feed = StreamFeed(shards, transform=lambda row: row["key"], batch=2, rank=rank, world=2)
        keys += list(DataLoader(feed, batch_size=None, num_workers=2, multiprocessing_context="fork"))
    assert sorted(keys) == [StreamSet(shards)[n]["key"] for n in range(len(streams))]


def test_a_feed_is_shuffled_by_seed_and_epoch(shards):
    def order(seed: int | None, epoch: int = 0) -> list[str]:
        feed = StreamFeed(shards, transform=lambda row: row["key"], seed=seed)
        feed.set_epoch(epoch)
        return list(feed)

    assert order(0) == order(0)
    assert len({tuple(order(0, epoch)) for epoch in range(8)}) > 2
    assert sorted(order(0)) == order(None)


def test_a_damaged_stream_is_named(folder, tmp_path, streams):
    (tmp_path / "good.cotam").write_bytes(streams[0])
    (tmp_path / "bad.cotam").write_bytes(streams[1][:-1])
    with pytest.raises(BitstreamError, match=r"bad\.cotam: "):
        StreamSet(tmp_path).__getitems__([0, 1])


@pytest.mark.parametrize("damage", [lambda stream: b"", lambda stream: b"X" + stream[1:]])
def test_a_file_that_is_no_stream_at_all_is_named_too(damage, tmp_path, streams):
    (tmp_path / "good.cotam").write_bytes(streams[0])
    (tmp_path / "bad.cotam").write_bytes(damage(streams[1]))
    with pytest.raises(BitstreamError, match=r"bad\.cotam: is neither a stream nor a picture"):
        StreamSet(tmp_path).__getitems__([0, 1])


def test_streams_of_a_model_of_one_s_own_are_read_with_its_codec(
    random_codec, streams, tmp_path, make_picture
):
    own = random_codec.encode(make_picture(24, 40), 20)
    (tmp_path / "a.cotam").write_bytes(own)
    (tmp_path / "b.cotam").write_bytes(streams[0])
    with pytest.raises(ModelError, match=r"a\.cotam: the stream was made with model"):
        StreamSet(tmp_path)[0]
    for rows in (StreamSet(tmp_path, codec=random_codec), list(StreamFeed(tmp_path, codec=random_codec))):
        assert np.array_equal(np.asarray(rows[0]["image"]), np.asarray(random_codec.decode(own)))
        assert same(rows[1]["image"], streams[0])


def test_what_transcode_wrote_with_a_model_s_file_is_read_back(random_model_path, tmp_path, make_picture):
    from cotam.transcoding import Coding, transcode

    (tmp_path / "in").mkdir()
    Image.fromarray(make_picture(24, 40)).save(tmp_path / "in" / "a.png")
    transcode(tmp_path / "in", tmp_path / "out", Coding(str(random_model_path), 30), form="webdataset")
    row = StreamSet(tmp_path / "out", codec=load_codec(random_model_path))[0]
    assert row["image"].size == (40, 24)


def test_rows_of_a_row_group_come_together_when_shuffled(table):
    feed = StreamFeed(table, transform=lambda row: row["n"], seed=0)
    for epoch in range(8):
        feed.set_epoch(epoch)
        order = list(feed)
        first = len({3, 4} & set(order[:2])) == 2
        assert set(order[:2] if first else order[3:]) == {3, 4}


def test_what_is_no_data_set_of_streams_is_refused(tmp_path, shards):
    with pytest.raises(DatasetError, match="no such file"):
        StreamSet(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="neither pictures nor shards"):
        StreamSet(tmp_path)
    (tmp_path / "torn.tar").write_bytes((shards / "part-00.tar").read_bytes()[:700])
    with pytest.raises(DatasetError, match=r"torn\.tar"):
        StreamSet(tmp_path)
    with pytest.raises(ValueError, match="rank 2 of 2"):
        StreamFeed(shards, rank=2, world=2)
