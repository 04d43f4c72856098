"""``cotam compare``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from cotam.codec import Codec
    from cotam.evaluation.compare import Comparison
    from cotam.images import LoadedImage

PAGES = (".png", ".html", ".htm")


def compare(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A picture, or - for standard input.")],
    page: Annotated[
        str | None, typer.Option("--output", "-o", metavar="PAGE", help="The page to write, .png or .html.")
    ] = None,
    quality: options.Quality = None,
    target_bytes: options.TargetBytes = None,
    model: options.Model = options.DEFAULT_MODEL,
    device: options.Device = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Show a picture as cotam, JPEG, WebP and AVIF give it back within the same number of bytes.

    The page also has PSNR, MS-SSIM and an enlarged detail. A rival whose lowest quality is too large is shown at that.
    """
    from cotam import load_codec
    from cotam.cli.console import print_json, say, working
    from cotam.cli.files import display_name, write_output

    rate = options.chosen_rate(quality, target_bytes)
    _check(image, page, as_json)
    picture = load_picture(image)
    with working("loading the model"):
        codec = load_codec(model, device=device, threads=threads)
    comparison = compared(codec, picture, Path(display_name(image)).name, rate)
    if page is not None:
        write_output(page, page_bytes(comparison, page))
        say(f"{page}: written")
    if as_json:
        print_json(comparison.to_dict())


def load_picture(name: str) -> "LoadedImage":
    """Load the picture of a file or of standard input."""
    from cotam.cli.files import StandardInput, read_input
    from cotam.images import load_image

    return load_image(StandardInput(read_input(name)) if name == options.STANDARD else Path(name))


def compared(codec: "Codec", picture: "LoadedImage", title: str, rate: options.Rate) -> "Comparison":
    """Make the comparison, saying on a terminal how far it is."""
    from cotam.cli.console import working
    from cotam.evaluation.compare import compare_picture

    with working("comparing") as update:
        return compare_picture(
            codec,
            picture,
            title,
            quality=rate.quality,
            target_bytes=rate.target_bytes,
            on_start=lambda name: update(f"coding with {name}"),
        )


def page_bytes(comparison: "Comparison", page: str) -> bytes:
    """The page in the form that the suffix of its name asks for."""
    if page.lower().endswith(".png"):
        from cotam.evaluation.comparison_png import comparison_png

        return comparison_png(comparison)
    from cotam.evaluation.comparison_html import comparison_html

    return comparison_html(comparison).encode()


def _check(image: str, page: str | None, as_json: bool) -> None:
    from cotam.cli.files import check_file, check_output

    check_file(image)
    if page is None:
        if not as_json:
            raise ValueError(
                "name the page to write with -o page.png or -o page.html, or ask for figures with --json"
            )
        return
    if not page.lower().endswith(PAGES):
        raise ValueError(f"{page}: a page is a .png or an .html file")
    check_output(page, image)
