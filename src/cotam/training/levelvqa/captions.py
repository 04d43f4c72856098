"""Captions of scenes, for the contrastive side of the tower."""

from cotam.levelvqa.scene_graph import SceneGraph
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import PLURALS
from cotam.training.levelvqa.labels import signs

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MOST_PARTS = 4


def caption(graph: SceneGraph, stream: Stream) -> str:
    """One sentence on a scene: its background and up to `MOST_PARTS` of what is in it, in a random order."""
    parts = [_group(graph, kind) for kind in sorted({item.kind for item in graph.objects})]
    parts += [f"a sign saying {sign.text.lower()}" for sign in signs(graph)]
    if graph.panel:
        parts.append(f"{graph.panel.orientation} stripes")
    chosen = stream.shuffled(parts)[:MOST_PARTS]
    ground = f"{graph.background.colour} {graph.background.texture}"
    return f"a picture of {', '.join(chosen)} on {ground}" if chosen else f"a picture of {ground}"


def _group(graph: SceneGraph, kind: str) -> str:
    members = [item for item in graph.objects if item.kind == kind]
    colours = {item.colour for item in members}
    colour = f"{colours.pop()} " if len(colours) == 1 else ""
    if len(members) == 1:
        return f"a {colour}{kind}"
    number = NUMBERS[len(members)] if len(members) < len(NUMBERS) else str(len(members))
    return f"{number} {colour}{PLURALS[kind]}"
