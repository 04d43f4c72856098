import io
from pathlib import Path

import numpy as np
import pytest
from PIL import AvifImagePlugin, Image

from cotam.codec import Codec
from cotam.errors import CotamError
from cotam.evaluation.rivals import RIVALS, load_rivals
from cotam.evaluation.rivals.pillow_format import pillow_format
from cotam.evaluation.synthetic import synthetic_picture
from cotam.metrics import psnr

PIXELS = synthetic_picture(80, 64)
PILLOW = ("jpeg", "webp", "avif")


def test_jpeg_is_what_pillow_writes_with_halved_chroma_optimised_and_progressive():
    buffer = io.BytesIO()
    options = {"subsampling": "4:2:0", "optimize": True, "progressive": True}
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=50, **options)
    coded = load_rivals(["jpeg"])[0].encoder(PIXELS)(50)
    assert coded.data == buffer.getvalue()
    assert coded.ideal_bits is None


def test_avif_does_not_depend_on_the_threads_that_pillow_would_take(monkeypatch):
    pixels = synthetic_picture(512, 384)
    encoded = []
    for threads in (1, 8):
        monkeypatch.setattr(AvifImagePlugin, "DEFAULT_MAX_THREADS", threads)
        encoded.append(load_rivals(["avif"])[0].encoder(pixels)(50).data)
    assert encoded[0] == encoded[1]


@pytest.mark.parametrize("name", PILLOW)
def test_a_higher_quality_takes_more_bytes_and_comes_closer(name):
    rival = load_rivals([name])[0]
    encode = rival.encoder(PIXELS)
    low, high = encode(20).data, encode(90).data
    assert len(low) < len(high)
    assert psnr(PIXELS, rival.decode(low)) < psnr(PIXELS, rival.decode(high))


def test_cotam_decodes_from_its_stream_alone(random_model_path: Path, random_codec: Codec):
    rival = load_rivals(["cotam-s"], str(random_model_path))[0]
    coded = rival.encoder(PIXELS)(50)
    assert np.array_equal(rival.decode(coded.data), np.asarray(random_codec.decode(coded.data)))
    assert 0 < coded.ideal_bits <= 8 * len(coded.data)


def test_qualities_of_every_rival_rise(random_model_path: Path):
    for rival in load_rivals(list(RIVALS), str(random_model_path)):
        assert list(rival.qualities) == sorted(set(rival.qualities))
        assert rival.settings


def test_an_unknown_codec_is_refused_with_the_names_that_are_known():
    with pytest.raises(ValueError, match=r"unknown codec 'gif'; known: jpeg, webp, avif, cotam-s"):
        load_rivals(["jpeg", "gif"])


def test_no_codec_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one codec"):
        load_rivals([])


def test_a_format_that_this_pillow_lacks_is_refused_by_name():
    with pytest.raises(CotamError, match="codec x: this build of Pillow cannot write NONE"):
        pillow_format("x", "NONE", {}, (1.0,))
