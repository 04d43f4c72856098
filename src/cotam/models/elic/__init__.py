"""ELIC (He et al., CVPR 2022) as a base codec: all that it needs and `cotam-s` does not lies in this folder."""

from cotam.models.elic.checkpoints import read_elic
from cotam.models.elic.codec import Elic, ElicConfig

__all__ = ["Elic", "ElicConfig", "read_elic"]
