"""What happens in a clip: a scene, and the track of each of its objects."""

from dataclasses import dataclass, replace

from cotam.levelvqa.scene_graph import Box, SceneGraph


@dataclass(frozen=True)
class Track:
    """Where and when an object is; the scene has its place at the start.

    Args:
        across: pixels that it moves to the right until the last frame; negative is to the left.
        down: pixels that it moves down until the last frame; negative is up.
        appears: the first frame that has it.
        vanishes: the first frame after it; the number of frames where it stays.
    """

    across: int
    down: int
    appears: int
    vanishes: int

    @property
    def moves(self) -> bool:
        """Whether it is anywhere else at the end."""
        return bool(self.across or self.down)


@dataclass(frozen=True)
class ClipGraph:
    """A clip, whole: two equal graphs give equal frames, questions and answers.

    Args:
        scene: everything that is ever there.
        tracks: of the scene's objects, in their order.
        frames: how many there are, at least 4.
        brightening: percent of brightness that the light gains until the last frame; negative is lost.
    """

    scene: SceneGraph
    tracks: tuple[Track, ...]
    frames: int
    brightening: int

    def numbers(self, frame: int) -> list[int]:
        """Numbers of the objects that a frame has."""
        return [n for n, track in enumerate(self.tracks) if track.appears <= frame < track.vanishes]

    def at(self, frame: int) -> SceneGraph:
        """The scene of a frame: the objects that it has, where they are, in its light."""
        objects = self.scene.objects
        shown = tuple(replace(objects[n], box=self._box(n, frame)) for n in self.numbers(frame))
        brightness = self.scene.light.brightness + self._share(self.brightening, frame)
        return replace(self.scene, objects=shown, light=replace(self.scene.light, brightness=brightness))

    def _box(self, number: int, frame: int) -> Box:
        box, track = self.scene.objects[number].box, self.tracks[number]
        across, down = self._share(track.across, frame), self._share(track.down, frame)
        return Box(box.x0 + across, box.y0 + down, box.x1 + across, box.y1 + down)

    def _share(self, total: int, frame: int) -> int:
        """What of a change is done at a frame: nothing at the first, all at the last."""
        return total * frame // (self.frames - 1)
