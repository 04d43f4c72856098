"""Bridge's transform-neck in its three settings: no picture is decoded, latents enter the tower at block 2."""

from typing import Final

from cotam.codec import load_codec
from cotam.evaluation.methods.method import Method
from cotam.evaluation.rivals.cotam_s import CotamRival

SETTINGS: Final = ("d1", "d2", "d3")
"""Codec frozen; retrained for people and machines; retrained for machines only."""


def bridge(setting: str, model: str) -> Method:
    """Make the method ``bridge-SETTING``, with the neck of that name.

    Args:
        setting: of `SETTINGS`. d2 and d3 have codecs of their own, which ship as ``cotam-s-d2`` and ``cotam-s-d3``.
        model: name or file of the frozen codec, for d1.

    Raises:
        ModelError: the codec is not there.
    """
    codec = load_codec(model if setting == "d1" else f"cotam-s-{setting}")
    return Method(f"bridge-{setting}", CotamRival(codec), "neck", setting)
