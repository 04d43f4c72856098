"""Clips to measure on: photographs as a moving camera sees them, and rendered scenes with moving objects.

Motion is in units per second, so that the same clip at fewer frames a second moves further from frame to frame.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from cotam.images import find_images, load_image
from cotam.levelvqa.drawing import render
from cotam.levelvqa.sampling import BASE_SIZE, sample_graph
from cotam.levelvqa.scene_graph import Box, SceneGraph, SceneObject
from cotam.levelvqa.splits import split_seeds

WIDTH, HEIGHT = 256, 192
PAN = (45.0, 20.0)
"""Pixels a second to the right and down, there and back."""
ZOOM = 0.08
"""Share of the size a second, in and out."""
SHAKE, NOISE = 3.0, 1.5
"""Pixels that a hand shakes, and the standard deviation of a camera's noise, of 255."""
OBJECT_SPEED = 40.0
"""Pixels a second that each object of a scene moves, there and back."""
PHOTOGRAPHS, SCENES = 2, 2


@dataclass(frozen=True)
class Clip:
    """A clip.

    Args:
        kind: ``pan``, ``zoom``, ``jitter`` or ``scene``.
        number: of the photograph or scene.
        frames: uint8 (H, W, 3) each.
    """

    kind: str
    number: int
    frames: list[np.ndarray]


def clips(photographs: Path, fps: float, count: int) -> Iterator[Clip]:
    """All clips at a number of frames a second, ``count`` frames each."""
    times = [n / fps for n in range(count)]
    paths = [path for path in find_images(photographs) if _is_wide(path)]
    for number, path in enumerate(paths[:: len(paths) // PHOTOGRAPHS][:PHOTOGRAPHS]):
        picture = Image.fromarray(load_image(path).pixels)
        for kind in ("pan", "zoom", "jitter"):
            rng = np.random.default_rng([number, round(fps)])
            yield Clip(kind, number, [_look(picture, kind, time, rng) for time in times])
    for number, seed in enumerate(split_seeds("validation", SCENES)):
        graph = sample_graph(seed)
        yield Clip("scene", number, [np.asarray(render(_moved(graph, time))) for time in times])


def _is_wide(path: Path) -> bool:
    with Image.open(path) as image:
        return image.width > image.height


def _look(picture: Image.Image, kind: str, time: float, rng: np.random.Generator) -> np.ndarray:
    x, y, zoom = picture.width / 2, picture.height / 2, 1.0
    if kind == "pan":
        x = _there_and_back(WIDTH / 2, picture.width - WIDTH / 2, PAN[0] * time)
        y = _there_and_back(HEIGHT / 2, picture.height - HEIGHT / 2, PAN[1] * time)
    elif kind == "zoom":
        zoom = _there_and_back(0.0, 0.4, ZOOM * time) + 0.8
    else:
        x += SHAKE * (math.sin(7.1 * time) + 0.5 * math.sin(19.3 * time))
        y += SHAKE * (math.sin(8.3 * time + 1) + 0.5 * math.sin(17.9 * time))
    matrix = (zoom, 0, x - zoom * WIDTH / 2, 0, zoom, y - zoom * HEIGHT / 2)
    image = picture.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    if kind != "jitter":
        return np.asarray(image)
    return np.clip(np.rint(np.asarray(image) + rng.normal(0, NOISE, (HEIGHT, WIDTH, 3))), 0, 255).astype(
        np.uint8
    )


def _moved(graph: SceneGraph, time: float) -> SceneGraph:
    """A scene whose objects go their ways, each in a direction of its own."""
    objects = tuple(_moved_object(thing, 1.3 * n, time) for n, thing in enumerate(graph.objects))
    return replace(graph, objects=objects)


def _moved_object(thing: SceneObject, angle: float, time: float) -> SceneObject:
    box, way = thing.box, OBJECT_SPEED * time
    x = round(_there_and_back(0, BASE_SIZE - box.width, box.x0 + way * math.cos(angle)))
    y = round(_there_and_back(0, BASE_SIZE - box.height, box.y0 + way * math.sin(angle)))
    return replace(thing, box=Box(x, y, x + box.width, y + box.height))


def _there_and_back(low: float, high: float, way: float) -> float:
    span = high - low
    place = way % (2 * span)
    return low + (place if place <= span else 2 * span - place)
