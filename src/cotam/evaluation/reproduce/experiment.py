"""What is measured for the results page: every method that can be made, at equal bytes, on the same scenes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from cotam.checkpoint import load_model
from cotam.errors import CotamError
from cotam.evaluation.accuracy.figures import bd_rows, difference_rows, figures
from cotam.evaluation.accuracy.plan import Plan
from cotam.evaluation.accuracy.run import Measured
from cotam.evaluation.accuracy.tables import OVERALL
from cotam.evaluation.answerers import Answerers
from cotam.evaluation.complexity import groups
from cotam.evaluation.methods import ABLATIONS, FULL_JOINT, AblationGuidance, Method, load_methods

BASE: Final = "cotam-s"
FULL: Final = "full"
RIVALS: Final = ("png", "jpeg", "webp", "avif")
NECKS: Final = ("bridge-d1", "bridge-d2", "bridge-d3")
JOINT: Final = "cotam-s-joint+adapter"
"""An adapter whose codec learned with it."""
CONTENDERS: Final = (BASE, FULL, "without-guidance", *NECKS, JOINT, FULL_JOINT)
"""Methods that are compared with conventional codecs directly."""
CONVENTIONAL: Final = ("jpeg", "avif")
METHODS: Final = (*RIVALS, BASE, *ABLATIONS, *NECKS, "cotam-s-joint", JOINT, FULL_JOINT)


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    scenes: int
    bpps: tuple[float, ...]
    timed_scenes: int


WHOLE: Final = Scale(1000, (0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8), 32)
QUICK: Final = Scale(16, (0.1, 0.3), 4)

SIMILARITY_SCENES: Final = 96
"""Of so many scenes the tokens are compared: means need fewer than accuracies, and a tower runs twice for them."""


@dataclass(frozen=True)
class Made:
    """Methods that can be measured, and why the others cannot."""

    methods: tuple[Method, ...]
    left_out: Mapping[str, str]
    """Reasons by name."""


def make_methods(
    answerers: Answerers, model: str, guidance: AblationGuidance, names: Sequence[str] = METHODS
) -> Made:
    """Load every method whose codec, tower and adapter are there.

    Raises:
        CotamError: not even the base codec can be loaded.
    """
    methods, left_out = [], {}
    for name in names:
        try:
            method = load_methods([name], model, guidance)[0]
            answerers.answerer(method.mode, method.adapter, method.stream_codec)
            methods.append(method)
        except CotamError as error:
            if name == BASE:
                raise
            left_out[name] = str(error)
    return Made(tuple(methods), left_out)


def experiment(made: Made, scale: Scale, model: str, guidance: AblationGuidance) -> Plan:
    """The measurement of all methods that there are."""
    names = tuple(method.name for method in made.methods)
    return Plan(
        names,
        bpps=scale.bpps,
        num=scale.scenes,
        model=model,
        guidance=guidance,
        similarity=SIMILARITY_SCENES,
    )


def against_full(measured: Measured) -> list[dict[str, Any]]:
    """Differences of all methods to the full system at equal bytes; none where that was not measured."""
    names = [method.name for method in measured.methods]
    return list(difference_rows(figures(measured), FULL)) if FULL in names else []


def against_conventional(measured: Measured) -> list[dict[str, Any]]:
    """BD-rates of `CONTENDERS` over all questions against each of `CONVENTIONAL`, as far as they were measured."""
    names, found = {method.name for method in measured.methods}, figures(measured)
    rows = [row for anchor in CONVENTIONAL if anchor in names for row in bd_rows(found, anchor)]
    return [row for row in rows if row["method"] in CONTENDERS and row["group"] == OVERALL]


def extras(made: Made, quick: bool, model: str, guidance: AblationGuidance) -> dict[str, Any]:
    """What the report holds beside the measurement: what was left out, and what the parts cost."""
    return {
        "quick": quick,
        "guidance": asdict(guidance),
        "left_out": [{"method": name, "reason": reason} for name, reason in made.left_out.items()],
        "complexity": [group.to_dict() for group in groups(load_model(model).network.config)],
    }
