"""Reading through Hugging Face's `datasets` and WebDataset; `datasets` is tested where it is installed."""

import numpy as np
import pytest
from PIL import Image

from cotam import decode
from cotam.data import decode_rows, decode_sample, with_pictures
from cotam.errors import BitstreamError


def test_rows_decode_whatever_form_their_bytes_have(streams, tmp_path):
    from cotam.images import write_atomically

    write_atomically(tmp_path / "s.cotam", streams[1])
    Image.new("RGB", (9, 7), "red").save(tmp_path / "p.png")
    png = {"bytes": (tmp_path / "p.png").read_bytes(), "path": None}
    values = [streams[0], {"bytes": None, "path": str(tmp_path / "s.cotam")}, None, png]
    rows = decode_rows({"picture": values, "label": [1, 2, 3, 4]}, column="picture")
    assert rows["label"] == [1, 2, 3, 4]
    assert rows["picture"][2] is None
    assert rows["picture"][3].getpixel((8, 6)) == (255, 0, 0)
    assert np.array_equal(np.asarray(rows["picture"][1]), np.asarray(decode(streams[1])))


def test_a_handler_decodes_samples_of_webdataset(shards, streams):
    webdataset = pytest.importorskip("webdataset")
    samples = webdataset.WebDataset(str(shards / "part-00.tar"), shardshuffle=False).decode(decode_sample)
    found = list(samples)
    assert [sample["__key__"] for sample in found] == ["0000", "0001", "0002"]
    assert [sample["txt"] for sample in found] == ["picture 0", "picture 1", "picture 2"]
    assert isinstance(found[0]["cotam"], Image.Image)
    assert np.array_equal(np.asarray(found[2]["cotam"]), np.asarray(decode(streams[2])))


def test_rows_and_samples_decode_with_a_codec_of_one_s_own(random_codec, make_picture):
    stream = random_codec.encode(make_picture(24, 40), 20)
    expected = np.asarray(random_codec.decode(stream))
    rows = decode_rows({"image": [stream]}, codec=random_codec)
    assert np.array_equal(np.asarray(rows["image"][0]), expected)
    assert np.array_equal(np.asarray(decode_sample("cotam", stream, codec=random_codec)), expected)


def test_a_handler_leaves_other_files_alone_and_refuses_damaged_streams(streams):
    assert decode_sample("json", b"{}") is None
    with pytest.raises(BitstreamError):
        decode_sample("cotam", streams[0][:-1])


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_give_pictures(table, streams, streaming, tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(
        "parquet", data_files=str(table), split="train", cache_dir=tmp_path, streaming=streaming
    )
    assert isinstance(rows.features["image"], datasets.Image)
    found = list(with_pictures(rows))
    assert [row["n"] for row in found] == list(range(len(streams)))
    assert np.array_equal(np.asarray(found[3]["image"]), np.asarray(decode(streams[3])))


def test_the_image_feature_opens_streams_by_itself_with_the_pillow_plugin(table, streams, tmp_path):
    datasets = pytest.importorskip("datasets")
    from cotam import pillow_plugin

    pillow_plugin.register()
    rows = datasets.load_dataset("parquet", data_files=str(table), split="train", cache_dir=tmp_path)
    assert np.array_equal(np.asarray(rows[3]["image"]), np.asarray(decode(streams[3])))
