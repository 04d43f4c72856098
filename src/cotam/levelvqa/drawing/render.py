"""A scene graph made into its picture."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from cotam.levelvqa.drawing.backdrop import backdrop
from cotam.levelvqa.drawing.light import lit
from cotam.levelvqa.drawing.objects import paint_object
from cotam.levelvqa.drawing.panel import paint_panel
from cotam.levelvqa.drawing.signs import paint_sign
from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import Stream


def render(graph: SceneGraph, photographs: Sequence[Image.Image] | None = None) -> Image.Image:
    """The picture of a scene: equal graphs and photographs give equal pixels on every machine.

    Painted in this order: background, panel, objects, letter, digit, words; then light and camera.

    Args:
        graph: what is in the scene.
        photographs: pictures, one of which lies blurred under the background's texture.

    Returns:
        RGB, ``graph.size`` pixels square.
    """
    grain = graph.background.grain
    picture = backdrop(graph, photographs)
    if graph.panel is not None:
        paint_panel(picture, graph.panel, Stream(grain, "panel"))
    for number, item in enumerate(graph.objects):
        paint_object(picture, item, Stream(grain, "object", str(number)))
    for name, signs in (("letter", (graph.letter,)), ("digit", (graph.digit,)), ("word", graph.words)):
        for number, sign in enumerate(signs):
            if sign is not None:
                paint_sign(picture, sign, Stream(grain, name, str(number)))
    return Image.fromarray(lit(np.asarray(picture), graph.light, Stream(grain, "noise")))
