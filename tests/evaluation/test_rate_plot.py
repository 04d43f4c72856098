import sys
from pathlib import Path

import pytest
from PIL import Image

from cotam.errors import CotamError
from cotam.evaluation.curves import Curve, CurvePoint
from cotam.evaluation.rate_plot import draw

CURVES = [
    Curve(name, tuple(CurvePoint(n, 0.1 * n, 20.0 + n, 5.0 + n) for n in range(1, 4)))
    for name in ("jpeg", "cotam-s")
]


def test_curves_are_drawn_as_a_png(tmp_path: Path):
    draw(CURVES, tmp_path / "curves.png", "two codecs")
    with Image.open(tmp_path / "curves.png") as image:
        assert image.format == "PNG"
        assert image.width >= 1200
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 24)}
    assert (0x00, 0x9E, 0x73) in colours


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CotamError, match=r"pip install 'cotam\[bench\]'"):
        draw(CURVES, tmp_path / "curves.png", "two codecs")
    assert not (tmp_path / "curves.png").exists()
