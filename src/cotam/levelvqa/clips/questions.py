"""Questions about what happens in a clip, graded as those about scenes."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cotam.levelvqa.clips.clip_graph import ClipGraph, Track
from cotam.levelvqa.clips.motion import direction_of
from cotam.levelvqa.questions import Level, Question
from cotam.levelvqa.questions.family import Asked
from cotam.levelvqa.stream import MAX_SEED, Stream
from cotam.levelvqa.vocabulary import PLURALS

_ID = re.compile(r"(0|[1-9][0-9]{0,19})-clip_([a-z_]+)-([1-9][0-9]*)-([1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True)
class ClipFamily:
    """Questions of one kind.

    Args:
        name: such as "direction".
        level: of the features that answers rest on.
        ask: makes the question of a clip, or None where nothing of the kind happens.
    """

    name: str
    level: Level
    ask: Callable[[ClipGraph, Stream], Asked | None]


def _light(clip: ClipGraph, stream: Stream) -> Asked | None:
    texts = "Does the picture get brighter or darker?", "How does the light change, brighter or darker?"
    return (
        Asked(stream.choice(texts), "brighter" if clip.brightening > 0 else "darker")
        if clip.brightening
        else None
    )


def _direction(clip: ClipGraph, stream: Stream) -> Asked | None:
    moving = _kinds(clip, lambda track: track.moves)
    if not moving:
        return None
    way = next(direction_of(track) for track in clip.tracks if track.moves)
    texts = f"Which way does the {moving[0]} move?", f"In which direction does the {moving[0]} go?"
    return Asked(stream.choice(texts), str(way))


def _count(clip: ClipGraph, stream: Stream) -> Asked | None:
    """The group that changes is counted at the beginning or at the end."""
    changed = _changed_group(clip)
    if changed is None:
        return None
    first = stream.chance(50)
    count = _counts(clip, 0 if first else clip.frames - 1)[changed]
    when = "beginning" if first else "end"
    texts = (
        f"How many {PLURALS[changed]} are there at the {when}?",
        f"Count the {PLURALS[changed]} at the {when}.",
    )
    return Asked(stream.choice(texts), str(count))


def _trend(clip: ClipGraph, stream: Stream) -> Asked | None:
    changed = _changed_group(clip)
    if changed is None:
        return None
    grows = _counts(clip, clip.frames - 1)[changed] > _counts(clip, 0)[changed]
    name = PLURALS[changed]
    texts = f"Do the {name} become more or fewer?", f"Are there more or fewer {name} at the end?"
    return Asked(stream.choice(texts), "more" if grows else "fewer")


def _order(clip: ClipGraph, stream: Stream) -> Asked | None:
    appearing = _alone(clip, lambda track: track.appears > 0)
    if len(appearing) != 2:
        return None
    one, other = stream.shuffled([kind for kind, _ in appearing])
    first = min(appearing, key=lambda pair: pair[1].appears)[0]
    texts = f"Which appears first, the {one} or the {other}?", f"What comes first, the {one} or the {other}?"
    return Asked(stream.choice(texts), first)


def _appears(clip: ClipGraph, stream: Stream) -> Asked | None:
    found = _kinds(clip, lambda track: track.appears > 0)
    return _only(found, stream, ("Which object appears?", "What kind of object appears?"))


def _vanishes(clip: ClipGraph, stream: Stream) -> Asked | None:
    found = _kinds(clip, lambda track: track.vanishes < clip.frames)
    return _only(found, stream, ("Which object vanishes?", "What kind of object vanishes?"))


def _moves(clip: ClipGraph, stream: Stream) -> Asked | None:
    return _only(_kinds(clip, lambda track: track.moves), stream, ("Which object moves?", "What is moving?"))


def _only(kinds: list[str], stream: Stream, texts: tuple[str, str]) -> Asked | None:
    return Asked(stream.choice(texts), kinds[0]) if len(kinds) == 1 else None


CLIP_FAMILIES: Mapping[str, ClipFamily] = MappingProxyType(
    {
        family.name: family
        for family in (
            ClipFamily("light_change", "low", _light),
            ClipFamily("direction", "cross", _direction),
            ClipFamily("count_when", "cross", _count),
            ClipFamily("order", "cross", _order),
            ClipFamily("trend", "high", _trend),
            ClipFamily("appears", "high", _appears),
            ClipFamily("vanishes", "high", _vanishes),
            ClipFamily("moves", "high", _moves),
        )
    }
)
"""Every family by its name, low levels first."""


def questions_of_clip(clip: ClipGraph) -> tuple[Question, ...]:
    """Questions of a clip: at most one of each family, in the order of `CLIP_FAMILIES`."""
    scene = clip.scene
    asked = (
        (family, family.ask(clip, Stream(scene.seed, "clip question", family.name)))
        for family in CLIP_FAMILIES.values()
    )
    return tuple(
        Question(
            f"{scene.seed}-clip_{family.name}-{clip.frames}-{scene.size}", family.name, family.level, *found
        )
        for family, found in asked
        if found
    )


def clip_of(question: str) -> tuple[int, int, int]:
    """Seed, frames and size of the clip that a question's id names.

    Raises:
        ValueError: it is no id of a question about a clip.
    """
    found = _ID.fullmatch(question)
    if found is None or int(found[1]) > MAX_SEED or found[2] not in CLIP_FAMILIES:
        raise ValueError(f"{question!r} is no id of a question about a clip such as 17-clip_direction-16-224")
    return int(found[1]), int(found[3]), int(found[4])


def _kinds(clip: ClipGraph, happens: Callable[[Track], bool]) -> list[str]:
    """Kinds of the objects to which something happens, each once."""
    things = zip(clip.scene.objects, clip.tracks, strict=True)
    return list(dict.fromkeys(thing.kind for thing, track in things if happens(track)))


def _alone(clip: ClipGraph, happens: Callable[[Track], bool]) -> list[tuple[str, Track]]:
    """Objects that are alone of their kind, and to which something happens: kind and track."""
    kinds = Counter(thing.kind for thing in clip.scene.objects)
    things = zip(clip.scene.objects, clip.tracks, strict=True)
    return [(thing.kind, track) for thing, track in things if kinds[thing.kind] == 1 and happens(track)]


def _counts(clip: ClipGraph, frame: int) -> Counter[str]:
    return Counter(thing.kind for thing in clip.at(frame).objects)


def _changed_group(clip: ClipGraph) -> str | None:
    """The kind of which there are several, and not as many at the end as at the beginning."""
    before, after = _counts(clip, 0), _counts(clip, clip.frames - 1)
    kinds = Counter(thing.kind for thing in clip.scene.objects)
    changed = [kind for kind in sorted(kinds) if kinds[kind] > 1 and before[kind] != after[kind]]
    return changed[0] if changed else None
