import numpy as np
import pytest

from cotam.video.sampling import Sampling, at_rate, middles_of_scenes

TIMES = [round(index * 1000 / 30) for index in range(90)]


def no_changes() -> np.ndarray:
    pytest.fail("changes are for scenes alone")


def test_without_options_every_frame_is_taken() -> None:
    assert Sampling().choose(TIMES, no_changes) == list(range(90))


def test_so_many_frames_are_spread_from_the_first_to_the_last() -> None:
    assert Sampling(num_frames=4).choose(TIMES, no_changes) == [0, 30, 59, 89]
    assert Sampling(num_frames=1).choose(TIMES, no_changes) == [0]
    assert Sampling(num_frames=200).choose(TIMES, no_changes) == list(range(90))


@pytest.mark.parametrize(
    ("fps", "chosen"), [(1, [0, 30, 60]), (10, list(range(0, 90, 3))), (1000, list(range(90)))]
)
def test_a_rate_takes_the_first_frame_at_each_tick(fps: float, chosen: list[int]) -> None:
    assert Sampling(fps=fps).choose(TIMES, no_changes) == chosen


def test_a_rate_takes_no_frame_twice_where_the_clip_pauses_or_jumps() -> None:
    assert at_rate([0, 10, 5000, 5001, 4_000_000_000], 2) == [0, 2, 4]


def test_scenes_are_parted_where_the_picture_changes_most() -> None:
    changes = np.full(19, 0.01)
    changes[[4, 11]] = 0.5  # frame 5 and frame 12 begin scenes
    assert middles_of_scenes(changes, 3) == [2, 8, 15]
    assert Sampling(num_frames=3, scenes=True).choose(range(20), lambda: changes) == [2, 8, 15]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 1, "num_frames": 4}, "exclude each other"),
        ({"fps": 0}, "fps must be above 0"),
        ({"fps": float("nan")}, "fps must be above 0"),
        ({"num_frames": 0}, "num_frames must be 1 to"),
        ({"scenes": True}, "scenes needs num_frames"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampling(**options)
