"""The report: interleaved rounds, ratios, growth, floors, batches."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from cotam.codec import Codec, Guide
from cotam.evaluation.speed import floor
from cotam.evaluation.speed.batches import pictures_a_second
from cotam.evaluation.speed.cotam_codec import CotamCodec
from cotam.evaluation.speed.floor import floors, matrix_rates
from cotam.evaluation.speed.growth import growth
from cotam.evaluation.speed.report import Plan, measure_speed
from cotam.evaluation.speed.rounds import run_rounds
from cotam.evaluation.speed.timed_codec import Timed
from cotam.evaluation.synthetic import synthetic_picture

PICTURE = synthetic_picture(40, 20)


@dataclass
class Scripted:
    """A codec that takes the seconds that it is told."""

    name: str
    seconds: list[float]
    log: list[str]
    compared: bool = False
    most_pixels: int | None = None
    runtime: str = "script"
    settings: str = ""
    taken: int = field(default=0)

    def time(self, pixels: np.ndarray, threads: int) -> Timed:
        seconds = self.seconds[self.taken % len(self.seconds)]
        self.taken += 1
        self.log.append(self.name)
        return Timed({"all": seconds}, {"all": 2 * seconds}, 100)

    def peak_memory(self, width: int, height: int) -> int:
        return width * height


@pytest.fixture(autouse=True)
def small_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of small matrices take no time, and that they are slower per product is all the same here."""
    monkeypatch.setattr(floor, "SIDE", 32)


def nothing() -> None:
    pass


def test_codecs_take_turns_and_the_first_round_does_not_count():
    log: list[str] = []
    ours = Scripted("ours", [9.0, 1.0, 2.0, 4.0], log, compared=True)
    other = Scripted("other", [1.0, 3.0, 2.0, 40.0], log)
    found = run_rounds([ours, other], PICTURE, 1, 3, nothing)
    assert log == ["ours", "other"] * 4
    times = {(row["codec"], row["way"]): row["milliseconds"] for row in found.timings()}
    assert times == {
        ("ours", "encode"): 2000,
        ("ours", "decode"): 4000,
        ("other", "encode"): 3000,
        ("other", "decode"): 6000,
    }
    assert [(row["codec"], row["rival"], row["times"]) for row in found.ratios()] == [
        ("ours", "other", 3.0)
    ] * 2
    assert found.bpp() == {"ours": 1.0, "other": 1.0}


def test_a_codec_is_left_out_of_pictures_that_are_too_large_for_it():
    slow = Scripted("slow", [1.0], [], most_pixels=799)
    assert run_rounds([slow], PICTURE, 1, 1, nothing).codecs == []
    assert run_rounds([slow], PICTURE[:, 1:], 1, 1, nothing).codecs == [slow]


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_growth_is_the_exponent_of_the_times(exponent: float):
    rows = [
        {
            "codec": "c",
            "runtime": "r",
            "way": "encode",
            "threads": 1,
            "stage": "all",
            "width": side,
            "height": side,
            "milliseconds": 3 * side ** (2 * exponent),
        }
        for side in (10, 20, 80)
    ]
    (found,) = growth([*rows, {**rows[0], "stage": "analysis", "milliseconds": 1.0}])
    assert found["exponent"] == exponent
    assert growth(rows[:2]) == []


def test_floors_are_work_over_rate(random_codec: Codec):
    found = floors(random_codec, Guide.parse("saliency"), PICTURE, [1, 2])
    rates = {(row["threads"], row["format"]): row["gmacs_per_second"] for row in found["matrix_products"]}
    assert rates.keys() == {(count, name) for count in (1, 2) for name in ("float32", "float64")}
    rows = {(row["way"], row["stage"], row["threads"]): row for row in found["stages"]}
    analysis = rows["encode", "analysis", 1]
    assert np.isclose(
        analysis["milliseconds"], analysis["macs"] / rates[1, "float32"] / 1e6, rtol=0.01, atol=0.001
    )
    assert rows["encode", "guidance", 1]["macs"] == 0
    assert rows["encode", "entropy networks", 1]["macs"] > rows["decode", "entropy networks", 1]["macs"] > 0


def test_matrix_rates_leave_the_threads_as_they_were():
    before = torch.get_num_threads()
    assert min(matrix_rates(2).values()) > 0
    assert torch.get_num_threads() == before


def test_batches_are_counted_both_ways(random_codec: Codec):
    rows = pictures_a_second(random_codec, PICTURE, [1, 3], 1, 1)
    assert [(row["batch"], row["threads"]) for row in rows] == [(1, 1), (3, 1)]
    assert all(row["encode"] > 0 < row["decode"] for row in rows)


def test_rounds_shrink_with_pixels_but_not_below_three():
    plan = Plan(sizes=[(384, 256), (768, 512), (1536, 512), (3840, 2160)], rounds=8)
    assert plan.base == (768, 512)
    assert [plan.rounds_of(*size) for size in plan.sizes] == [8, 8, 4, 3]
    assert Plan(rounds=1).rounds_of(3840, 2160) == 1
    assert plan.total_rounds == 2 * (9 + 9 + 5 + 4)


@pytest.fixture
def ours(random_codec: Codec, monkeypatch: pytest.MonkeyPatch) -> CotamCodec:
    """The random codec, which says how much memory it takes without starting a process."""
    monkeypatch.setattr(CotamCodec, "peak_memory", lambda self, width, height: 1)
    return CotamCodec(random_codec, "random")


def test_the_report_has_every_size_thread_count_and_codec(ours: CotamCodec):
    rounds: list[int] = []
    advance: Callable[[], None] = lambda: rounds.append(1)  # noqa: E731
    plan = Plan([(16, 16), (32, 16), (48, 32)], [1, 2], [1], rounds=1)
    slow = Scripted("slow", [1.0], [], most_pixels=512)
    report = measure_speed([ours], [slow], plan, advance)
    assert len(rounds) == plan.total_rounds == 12
    seen = {(row["codec"], row["width"], row["threads"]) for row in report["timings"]}
    assert seen == {("random", w, n) for w in (16, 32, 48) for n in (1, 2)} | {
        ("slow", w, n) for w in (16, 32) for n in (1, 2)
    }
    assert {row["codec"] for row in report["growth"]} == {"random"}
    assert [(row["codec"], row["width"]) for row in report["memory"]] == [("random", 48)]
    assert {row["codec"]: row["bpp"] for row in report["codecs"]}["slow"] is None
    assert report["base"] == [48, 32]
