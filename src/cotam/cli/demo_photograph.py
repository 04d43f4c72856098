"""``cotam demo`` where no model ships that could answer: a photograph, compared by eye."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cotam.cli import options

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.evaluation.compare import Comparison

PHOTOGRAPH = Path("data", "astronaut.png")
"""In scikit-image: Eileen Collins, 512 x 512, a photograph by NASA in the public domain; no download is needed."""
PAGE, STREAM = "cotam-demo.png", "cotam-demo.cotam"
PIXELS_MORE = 5
"""As many pixels as a scene's, to a whole number: it may take as many bytes more."""


def show_photograph(
    folder: Path, target_bytes: int, model: str, threads: int | None, as_json: bool, missing: str
) -> None:
    """Code a photograph with cotam, and with JPEG, WebP and AVIF of the same size; write page and stream.

    Args:
        folder: where they go.
        target_bytes: what a scene of the demo may take; the photograph may take `PIXELS_MORE` times that.
        model: cotam's, by name or file.
        threads: as `load_codec` takes them.
        as_json: whether figures are printed as JSON.
        missing: why nobody answers questions.

    Raises:
        ValueError: scikit-image, which has the photograph, is not installed.
    """
    from cotam import load_codec
    from cotam.cli.compare import compared, load_picture, page_bytes
    from cotam.cli.console import output, print_json, say, working
    from cotam.cli.files import write_output

    say(f"no questions are asked: {missing}. A photograph is compared instead.")
    photograph = find_photograph()
    with working("loading the model"):
        codec = load_codec(model, threads=threads)
    rate = options.chosen_rate(None, PIXELS_MORE * target_bytes)
    comparison = compared(codec, load_picture(str(photograph)), photograph.name, rate)
    page, stream = str(folder / PAGE), str(folder / STREAM)
    write_output(stream, comparison.cotam.data)
    write_output(page, page_bytes(comparison, page))
    if as_json:
        print_json(comparison.to_dict() | {"no_answers": missing})
    else:
        output().print(comparison_table(comparison))
        print(_what_next(page, stream))


def find_photograph() -> Path:
    """Find the photograph without importing the package that it is in.

    Raises:
        ValueError: scikit-image is not installed, or comes without it.
    """
    package = find_spec("skimage")
    places = package.submodule_search_locations if package is not None else None
    found = [Path(place) / PHOTOGRAPH for place in places or ()]
    for path in found:
        if path.is_file():
            return path
    raise ValueError(
        "the demo's photograph comes with scikit-image: pip install 'cotam[bench]', "
        "or use one of your own: cotam compare photo.jpg -o page.png"
    )


def comparison_table(comparison: "Comparison") -> "Table":
    """The figures of a comparison, one codec a row."""
    from rich.table import Table

    table = Table("codec", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("bytes", "bpp", "PSNR", "MS-SSIM"):
        table.add_column(name, justify="right")
    table.add_column("")
    for item in comparison.renditions:
        note = "" if item.fits else "cannot be made smaller"
        size, fidelity = f"{len(item.data):,}", f"{item.psnr:.2f} dB"
        table.add_row(item.codec, size, f"{item.bpp:.3f}", fidelity, f"{item.ms_ssim:.4f}", note)
    return table


def _what_next(page: str, stream: str) -> str:
    return (
        f"\n{page} shows them side by side. Next, try:\n"
        f"  cotam info {stream}\n"
        f"  cotam decode {stream} decoded.png\n"
        "  cotam encode photo.jpg photo.cotam --target-bytes 4000\n"
        "  cotam compare photo.jpg -o page.html"
    )
