"""The ablations of the CoTAM paper, by the names of its table, as methods of the usual grammar."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SHALLOW: Final = "levelvqa:layers=0-2,strength=4"
"""The paper's guidance, attention of the first three layers, with the embedded MLLM's tower of 12 blocks.

Its strength is less than the usual 10 by measurement on validation scenes (docs/guidance.md).
"""
DEEP: Final = "levelvqa:layers=9-11,strength=4"
"""The last three layers of it, which the demo takes too."""

FULL: Final = "cotam-s+{guidance}+adapter"
ABLATIONS: Mapping[str, str] = MappingProxyType(
    {
        "full": FULL,
        "without-adapter": "cotam-s+{guidance}",
        "without-reconstruction-prior": "cotam-s+{guidance}+neck=no-prior",
        "without-guidance": "cotam-s+adapter",
        "only-l-high": "cotam-s+{guidance}+adapter=high-only",
        "only-l-low": "cotam-s+{guidance}+adapter=low-only",
        "deep-layer-guidance": "cotam-s+{deep}+adapter",
        "random-guidance": "cotam-s+random:like={source}+adapter",
    }
)
"""Method of each ablation. Those of the losses are adapters of their own, trained so. Without the reconstruction
prior, tokens from latents take the place of the picture's instead of being added to them: that is a neck that enters at
block 0, trained with the adapter's losses."""
FULL_JOINT: Final = "full-joint"
"""The full system around a codec that learned together with its adapter: beyond the paper."""
SYSTEMS: Mapping[str, str] = MappingProxyType({**ABLATIONS, FULL_JOINT: "cotam-s-joint+{guidance}+adapter"})
"""All that is called by a name of its own: the ablations, and beside them `FULL_JOINT`."""


@dataclass(frozen=True)
class AblationGuidance:
    """What `SYSTEMS` call guidance."""

    shallow: str = SHALLOW
    """That of the full system."""
    deep: str = DEEP
    """That which the paper finds to be worse."""

    def method(self, system: str) -> str:
        """The name, in the usual grammar, of a key of `SYSTEMS`."""
        source = self.shallow.partition(":")[0]
        return SYSTEMS[system].format(guidance=self.shallow, deep=self.deep, source=source)


def system_named(text: str) -> str | None:
    """The one of `SYSTEMS` that a text names, with spaces or hyphens, in any case; None if it names none."""
    name = "-".join(text.lower().replace("_", "-").split())
    return name if name in SYSTEMS else None
