import operator
from pathlib import Path

import numpy as np
import torch

from cotam.codec import Codec
from cotam.evaluation.memory import peak_memory, peak_memory_of
from cotam.evaluation.speed import entropy_networks, time_codec, time_rival
from cotam.evaluation.speed_report import measure_speed, pictures_to_time
from cotam.evaluation.synthetic import synthetic_picture

PICTURES = [synthetic_picture(48, 32)]


def test_stages_add_up_to_the_whole(random_codec: Codec):
    rows = {row.stage: row.milliseconds for row in time_codec(random_codec, PICTURES, repeat=1)}
    encode = ("analysis transform", "encoding: entropy networks", "encoding: entropy coding")
    decode = ("container", "decoding: entropy networks", "decoding: entropy coding", "synthesis transform")
    assert np.isclose(sum(rows[stage] for stage in encode), rows["encode"])
    assert np.isclose(sum(rows[stage] for stage in decode), rows["decode"])
    assert all(value > 0 for value in rows.values())


def test_no_network_is_timed_twice_and_no_hook_stays(random_codec: Codec):
    modules = entropy_networks(random_codec)
    inside = [id(inner) for module in modules for inner in module.modules()]
    assert len(inside) == len(set(inside))
    list(time_codec(random_codec, PICTURES, repeat=1))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)


def test_rivals_are_timed_both_ways():
    assert [row.stage for row in time_rival("webp", PICTURES, repeat=1)] == ["encode", "decode"]


def test_the_report_has_every_thread_count_and_leaves_the_setting(random_model_path: Path):
    before = torch.get_num_threads()
    report = measure_speed(str(random_model_path), PICTURES, [1, 2], repeat=1)
    assert torch.get_num_threads() == before
    assert {row["threads"] for row in report["timings"]} == {1, 2}
    assert {(row["rival"], row["stage"], row["threads"]) for row in report["ratios"]} == {
        (rival, stage, threads)
        for rival in ("webp", "avif")
        for stage in ("encode", "decode")
        for threads in (1, 2)
    }


def test_the_default_picture_is_always_the_same():
    (first,), (second,) = pictures_to_time(None), pictures_to_time(None)
    assert first.shape == (512, 768, 3)
    assert np.array_equal(first, second)


def test_memory_of_a_fresh_process_is_its_own():
    size = 150_000_000
    assert size < peak_memory_of(operator.mul, b"x", size) < size + peak_memory()
    assert peak_memory_of(operator.mul, b"x", 10) < size
