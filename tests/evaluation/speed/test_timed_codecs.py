"""Every timed codec: its stages, what it leaves as it was, and its memory."""

import operator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import AvifImagePlugin

from cotam.codec import Codec, Guide
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.evaluation.memory import peak_memory, peak_memory_of
from cotam.evaluation.speed.cotam_codec import CotamCodec
from cotam.evaluation.speed.pillow_codec import FORMATS, pillow_codec
from cotam.evaluation.speed.staged import READING, WRITING
from cotam.evaluation.speed.timed_codec import WAYS, WHOLE, Clock
from cotam.evaluation.synthetic import synthetic_picture

PICTURE = synthetic_picture(80, 48)


@pytest.mark.parametrize("guidance", [None, "saliency"])
def test_stages_add_up_to_the_whole(random_codec: Codec, guidance: str | None):
    codec = CotamCodec(random_codec, "random", guidance, Guide.parse(guidance) if guidance else None)
    timed = codec.time(PICTURE, 1)
    for way in WAYS:
        stages = dict(timed.stages(way))
        whole = stages.pop(WHOLE)
        assert np.isclose(sum(stages.values()), whole)
        assert min(stages.values()) > 0
    assert ("guidance" in timed.encode) == (guidance is not None)
    assert "guidance" not in timed.decode
    assert timed.bytes > 20


def test_the_coder_and_the_threads_are_as_before(random_codec: Codec):
    before = [getattr(owner, name) for owner, name in (*WRITING, *READING)], torch.get_num_threads()
    CotamCodec(random_codec, "random").time(PICTURE, 2)
    assert ([getattr(owner, name) for owner, name in (*WRITING, *READING)], torch.get_num_threads()) == before


def test_no_method_is_timed_inside_another():
    with Clock().inside([(FrameWriter, "to_bytes"), (FrameReader, "finish")]) as clock:
        FrameReader(FrameWriter().to_bytes()).finish()
    first = clock.seconds
    FrameReader(FrameWriter().to_bytes()).finish()
    assert 0 < first == clock.seconds


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_timed_both_ways(name: str):
    before = AvifImagePlugin.DEFAULT_MAX_THREADS
    timed = pillow_codec(name).time(PICTURE, 2)
    assert timed.encode.keys() == timed.decode.keys() == {WHOLE}
    assert before == AvifImagePlugin.DEFAULT_MAX_THREADS


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(ValueError, match="'gif' in --codecs; known: jpeg, webp, avif"):
        pillow_codec("gif")


def test_settings_of_a_timed_codec_leave_out_the_threads_that_each_timing_sets():
    assert "speed=6" in pillow_codec("avif").settings
    assert "threads" not in pillow_codec("avif").settings


def test_memory_is_that_of_a_process_that_codes(random_codec: Codec, random_model_path: Path):
    assert CotamCodec(random_codec, str(random_model_path)).peak_memory(64, 48) > 10_000_000


def test_memory_of_a_fresh_process_is_its_own():
    size = 150_000_000
    assert size < peak_memory_of(operator.mul, b"x", size) < size + peak_memory()
    assert peak_memory_of(operator.mul, b"x", 10) < size
