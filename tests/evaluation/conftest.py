"""Pictures on disk."""

from pathlib import Path

import pytest
from PIL import Image

from cotam.evaluation.synthetic import synthetic_picture


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of two small pictures, one of them in a folder below."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(synthetic_picture(48, 40, seed=1)).save(folder / "a.png")
    Image.fromarray(synthetic_picture(64, 32, seed=2)).save(folder / "below" / "b.png")
    return folder
