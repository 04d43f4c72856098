"""From a seed to what happens in a clip."""

from collections import Counter
from operator import index
from typing import Final

from cotam.levelvqa.clips.clip_graph import ClipGraph, Track
from cotam.levelvqa.layout import MARGIN
from cotam.levelvqa.sampling import BASE_SIZE, sample_graph
from cotam.levelvqa.scene_graph import Box, SceneGraph, SceneObject
from cotam.levelvqa.stream import Stream

FRAMES: Final = 16
LEAST_FRAMES, MOST_FRAMES = 4, 256
DIRECTIONS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
"""Ways that an object moves: signs of its steps across and down."""
LEAST_TRAVEL: Final = 56
"""Pixels, in a picture of 224, that the moving object goes at least."""
APPEARING, VANISHING, GROUP, LIGHT = 70, 50, 60, 50
"""Chances in percent."""
MOST_APPEARING: Final = 2
BRIGHTENING: Final = (18, 28)
"""Percent of brightness that the light gains or loses where it changes."""


def sample_clip(seed: int, frames: int = FRAMES, size: int = BASE_SIZE) -> ClipGraph:
    """Draw the clip of a seed.

    The scene is that of the seed. One object that is alone of its kind moves, where there is room; up to two others
    appear, one vanishes, members of the largest group may appear or vanish, and the light may change. Nothing happens
    in the first and the last quarter of the clip but movement and light.

    Args:
        seed: 0 to 2**64 - 1.
        frames: 4 to 256.
        size: side of the picture in pixels, as of a scene.

    Raises:
        ValueError: an argument is out of range.
    """
    frames = index(frames)
    if not LEAST_FRAMES <= frames <= MOST_FRAMES:
        raise ValueError(f"frames of a clip must be {LEAST_FRAMES} to {MOST_FRAMES}, not {frames}")
    scene, stream = sample_graph(seed, size), Stream(seed, "clip")
    tracks = [Track(0, 0, 0, frames) for _ in scene.objects]
    kinds = Counter(thing.kind for thing in scene.objects)
    alone = stream.shuffled([n for n, thing in enumerate(scene.objects) if kinds[thing.kind] == 1])
    _move(scene, tracks, alone, stream)
    _appear(tracks, alone, frames, stream)
    if alone and stream.chance(VANISHING):
        tracks[alone.pop()] = Track(0, 0, 0, _moment(frames, stream))
    _change_group(scene, kinds, tracks, frames, stream)
    change = stream.between(*BRIGHTENING) * stream.choice((-1, 1))
    return ClipGraph(scene, tuple(tracks), frames, change if stream.chance(LIGHT) else 0)


def direction_of(track: Track) -> str | None:
    """Where an object moves, one of `DIRECTIONS`; None if it stays."""
    signs = (track.across > 0) - (track.across < 0), (track.down > 0) - (track.down < 0)
    return next((name for name, way in DIRECTIONS.items() if way == signs), None)


def _move(scene: SceneGraph, tracks: list[Track], alone: list[int], stream: Stream) -> None:
    """Let one object go in a direction that was drawn before it, to a free place; it is no more alone then."""
    across, down = DIRECTIONS[stream.choice(list(DIRECTIONS))]
    least = LEAST_TRAVEL * scene.size // BASE_SIZE
    for number in alone:
        room = _room(scene.objects[number], across, down, scene.size)
        travels = stream.shuffled(range(least, room + 1))
        travel = next((t for t in travels if _is_free(scene, number, across * t, down * t)), None)
        if travel is not None:
            tracks[number] = Track(across * travel, down * travel, 0, tracks[number].vanishes)
            alone.remove(number)
            return


def _is_free(scene: SceneGraph, number: int, across: int, down: int) -> bool:
    """Whether an object that has moved so far covers nothing and is not covered."""
    box = scene.objects[number].box
    moved = Box(box.x0 + across, box.y0 + down, box.x1 + across, box.y1 + down)
    others = [thing.box for n, thing in enumerate(scene.objects) if n != number]
    plates = [part.box for part in (*scene.words, scene.digit, scene.letter, scene.panel) if part is not None]
    return not any(moved.overlap(other) for other in (*others, *plates))


def _room(thing: SceneObject, across: int, down: int, size: int) -> int:
    """Pixels from an object to the margin that it moves towards."""
    box = thing.box
    if across:
        return size - MARGIN - box.x1 if across > 0 else box.x0 - MARGIN
    return size - MARGIN - box.y1 if down > 0 else box.y0 - MARGIN


def _appear(tracks: list[Track], alone: list[int], frames: int, stream: Stream) -> None:
    """Let up to two objects appear, not at the same frame."""
    if not alone or not stream.chance(APPEARING):
        return
    count = min(stream.between(1, MOST_APPEARING), len(alone))
    moments = stream.sample(_moments(frames), min(count, len(_moments(frames))))
    for moment in moments:
        tracks[alone.pop()] = Track(0, 0, moment, frames)


def _change_group(
    scene: SceneGraph, kinds: Counter[str], tracks: list[Track], frames: int, stream: Stream
) -> None:
    """Let some members of the largest group, but not all, appear or vanish together."""
    most = max(kinds.values())
    leading = sorted(kind for kind in kinds if kinds[kind] == most)
    if most == 1 or not stream.chance(GROUP):
        return
    kind, moment, grows = stream.choice(leading), _moment(frames, stream), stream.chance(50)
    members = [n for n, thing in enumerate(scene.objects) if thing.kind == kind]
    for number in stream.sample(members, stream.between(1, most - 1)):
        tracks[number] = Track(0, 0, moment, frames) if grows else Track(0, 0, 0, moment)


def _moments(frames: int) -> list[int]:
    return list(range(-(-frames // 4), frames - frames // 4))


def _moment(frames: int, stream: Stream) -> int:
    return stream.choice(_moments(frames))
