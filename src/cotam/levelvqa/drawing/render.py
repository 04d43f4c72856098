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


def render(
    graph: SceneGraph,
    photographs: Sequence[Image.Image] | None = None,
    *,
    numbers: Sequence[int] | None = None,
    moment: int | None = None,
) -> Image.Image:
    """The picture of a scene: equal graphs and photographs give equal pixels on every machine.

    Painted in this order: background, panel, objects, letter, digit, words; then light and camera.

    Args:
        graph: what is in the scene.
        photographs: pictures, one of which lies blurred under the background's texture.
        numbers: of the objects, which their colours and textures vary by, where some of a clip's are not there; by
            default 0, 1, 2, …
        moment: number of a clip's frame: the sensor's noise is another one in each.

    Returns:
        RGB, ``graph.size`` pixels square.
    """
    grain = graph.background.grain
    picture = backdrop(graph, photographs)
    if graph.panel is not None:
        paint_panel(picture, graph.panel, Stream(grain, "panel"))
    for number, item in zip(numbers or range(len(graph.objects)), graph.objects, strict=True):
        paint_object(picture, item, Stream(grain, "object", str(number)))
    for name, signs in (("letter", (graph.letter,)), ("digit", (graph.digit,)), ("word", graph.words)):
        for number, sign in enumerate(signs):
            if sign is not None:
                paint_sign(picture, sign, Stream(grain, name, str(number)))
    noise = Stream(grain, "noise", *(() if moment is None else (str(moment),)))
    return Image.fromarray(lit(np.asarray(picture), graph.light, noise))
