import numpy as np
import pytest
from PIL import Image

from cotam.evaluation.accuracy.plan import LOSSLESS, Rate
from cotam.evaluation.lmms.relay import Relay, chosen_rate
from cotam.evaluation.methods import load_methods
from cotam.evaluation.synthetic import synthetic_picture
from cotam.metrics import psnr

PICTURE = Image.fromarray(synthetic_picture(96, 64, seed=1))
OTHER = Image.fromarray(synthetic_picture(48, 64, seed=2))


def relay(name: str, rate: Rate, model: str = "cotam-s") -> Relay:
    return Relay(load_methods([name], model)[0], rate)


def test_what_is_handed_on_is_what_the_codec_decodes():
    channel = relay("jpeg", Rate("quality", 30))
    given = channel.send(PICTURE)
    coded = channel.method.encoder(np.asarray(PICTURE))(30).data
    assert np.array_equal(np.asarray(given), channel.method.decode(coded))
    assert 20 < psnr(np.asarray(PICTURE), np.asarray(given)) < 45
    assert channel.summary() == {"images": 1, "bytes": len(coded), "bpp": 8 * len(coded) / (96 * 64)}


def test_an_image_that_comes_again_is_sent_once_and_handed_on_as_the_same_object():
    channel = relay("webp", Rate("bpp", 1.0))
    assert channel.send(PICTURE) is channel.send(PICTURE.copy())
    channel.send(OTHER)
    assert channel.images == 2
    assert 0 < channel.bpp <= 1.0


def test_streams_are_handed_on_where_the_method_wants_it(random_model_path, random_codec):
    given = relay("cotam-s+adapter", Rate("quality", 30), str(random_model_path)).send(PICTURE)
    assert given == random_codec.encode(PICTURE, 30)


def test_every_image_of_a_conversation_is_sent_and_nothing_else_changes():
    channel = relay("png", LOSSLESS)
    text = {"type": "text", "text": "Which is larger?"}
    messages = [
        {"role": "user", "content": [{"type": "image", "image": p} for p in (PICTURE, OTHER)] + [text]}
    ]
    (sent,) = channel.sent(messages)
    assert [np.asarray(part["image"]).shape for part in sent["content"][:2]] == [(64, 96, 3), (64, 48, 3)]
    assert sent["content"][2] == text
    assert sent["role"] == "user"


@pytest.mark.parametrize(
    ("quality", "bpp", "words"),
    [(None, None, "one of them"), (5, 1, "one of them"), (0, None, "from 1 to 100"), (None, 0, "above 0")],
)
def test_a_rate_that_is_none_is_refused(quality, bpp, words):
    with pytest.raises(ValueError, match=words):
        chosen_rate(load_methods(["jpeg"])[0], quality, bpp)


def test_a_lossless_method_needs_no_rate():
    assert chosen_rate(load_methods(["png"])[0], None, None) == LOSSLESS
