"""What differs between a clip's pictures: labels of every patch, made from the graph.

Each picture is compared with the one before it: a patch is told what its object has done since, and what was at its
place. What is gone is marked where it was.
"""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from cotam.levelvqa.clips import ClipGraph
from cotam.levelvqa.clips.motion import DIRECTIONS, direction_of
from cotam.training.levelvqa.labels import NOBODY, THINGS, UNKNOWN, objects_under, patch_labels

EVENTS: Final = ("same", *DIRECTIONS, "appears", "vanishes")
MOVES: Final = tuple(DIRECTIONS)
LIGHTS: Final = ("same", "brighter", "darker")
CHANGE_LABELS = MappingProxyType({"event": len(EVENTS), "before": len(THINGS), "light": len(LIGHTS)})
"""Names of the labels of a clip's patches and how many values each has."""


@dataclass(frozen=True, eq=False)
class Changes:
    """Labels of a clip's patches.

    Args:
        things: int64 (pictures, patches), index in `labels.THINGS` of what each shows.
        events: int64 (pictures, patches), index in `EVENTS`.
        before: int64 (pictures, patches), what the place showed one picture earlier.
        light: int64 (pictures,), index in `LIGHTS`.
    """

    things: np.ndarray
    events: np.ndarray
    before: np.ndarray
    light: np.ndarray

    def labels(self) -> np.ndarray:
        """Labels in the order of `CHANGE_LABELS`, int64 (labels, pictures · patches).

        `UNKNOWN` in the first picture, and but for the light where there is and was nothing: most is background.
        """
        later = np.arange(len(self.things))[:, None] > 0
        worth = later & ((self.things != 0) | (self.before != 0))
        events, before = (np.where(worth, row, UNKNOWN) for row in (self.events, self.before))
        light = np.where(later, self.light[:, None], UNKNOWN) + np.zeros_like(events)
        return np.stack([row.ravel() for row in (events, before, light)])

    def where(self, kind: str, events: Collection[str] = (), picture: int | None = None) -> np.ndarray:
        """Patches that show a kind, or where one of ``events`` happens to it; bool (pictures · patches,)."""
        gone = self.events == EVENTS.index("vanishes")
        found = np.where(gone & bool(events), self.before, self.things) == THINGS.index(kind)
        if events:
            found &= np.isin(self.events, [EVENTS.index(event) for event in events])
        if picture is not None:
            found &= (np.arange(len(found)) == picture % len(found))[:, None]
        return found.ravel()


def changes_of(graph: ClipGraph, frames: list[int], patch: int) -> Changes:
    """Compare the pictures of these frames, each with the one before it."""
    scenes = [graph.at(frame) for frame in frames]
    things = np.stack([patch_labels(scene, patch)[0] for scene in scenes])
    numbers = [[*graph.numbers(frame), NOBODY] for frame in frames]  # NOBODY is what the last place is for
    under = np.stack(
        [np.array(known)[objects_under(scene, patch)] for known, scene in zip(numbers, scenes, strict=True)]
    )
    events, before = np.zeros_like(things), np.zeros_like(things)
    for picture in range(1, len(frames)):
        before[picture] = things[picture - 1]
        events[picture] = _events(
            graph, under[picture - 1], under[picture], *numbers[picture - 1 : picture + 1]
        )
    brightness = [scene.light.brightness for scene in scenes]
    light = np.sign(np.diff(brightness, prepend=brightness[:1])) % len(LIGHTS)
    return Changes(things, events, before, light)


def _events(
    graph: ClipGraph, was: np.ndarray, now: np.ndarray, earlier: list[int], present: list[int]
) -> np.ndarray:
    """Events of a picture's patches, from the numbers of the objects that they showed and show."""
    found = np.zeros_like(now)
    for number, track in enumerate(graph.tracks):
        if number in present and number not in earlier:
            found[now == number] = EVENTS.index("appears")
        elif number in present:
            found[now == number] = EVENTS.index(direction_of(track) or EVENTS[0])
        elif number in earlier and number not in present:
            found[(was == number) & (now == NOBODY)] = EVENTS.index("vanishes")
    return found
