"""A comparison as one HTML file that needs no other: the pictures are inside, the rivals' as their own files."""

import base64
import html
import io

from PIL import Image

from cotam.evaluation.compare import Comparison, detail_box
from cotam.evaluation.comparison_captions import Panel, panels, subtitle
from cotam.evaluation.rivals import Pixels

MIME = {"JPEG": "image/jpeg", "WebP": "image/webp", "AVIF": "image/avif"}
"""Formats that browsers show themselves; everything else goes in as PNG."""

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; margin: 2rem; color: #1b1f26; background: #fff; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.2rem; margin-top: 1.5rem; }
h2 { font-size: 1.2rem; margin: 0 0 .4rem; } .cotam h2 { color: #0b6bcb; }
img { width: 100%; height: auto; display: block; border: 1px solid #c9ced6; }
img.detail { image-rendering: pixelated; margin-top: .8rem; }
p { margin: .2rem 0; font-variant-numeric: tabular-nums; } .faint { color: #5b6472; } .large { color: #b3401a; }
"""


def comparison_html(comparison: Comparison) -> str:
    """Write the page.

    Returns:
        An HTML document.
    """
    box = detail_box(comparison.original)
    title = html.escape(comparison.title)
    columns = "\n".join(_column(panel, box) for panel in panels(comparison))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title} - cotam compare</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n'
        f'<body><h1>{title}</h1><p class="faint">{html.escape(subtitle(comparison))}</p>\n'
        f"<main>\n{columns}\n</main></body></html>\n"
    )


def _column(panel: Panel, box: tuple[int, int, int, int]) -> str:
    name = html.escape(panel.name)
    left, top, right, bottom = box
    detail = _png_url(panel.pixels[top:bottom, left:right])
    lines = "".join(
        f'<p class="{_line_class(panel, number)}">{html.escape(line)}</p>'
        for number, line in enumerate(panel.lines)
    )
    return (
        f'<section class="{"cotam" if panel.is_cotam else "other"}"><h2>{name}</h2>'
        f'<img src="{_picture_url(panel)}" alt="{name}">{lines}'
        f'<img class="detail" src="{detail}" alt="{name}, a detail enlarged"></section>'
    )


def _line_class(panel: Panel, number: int) -> str:
    if panel.too_large and number == len(panel.lines) - 1:
        return "large"
    return "faint" if number else "first"


def _picture_url(panel: Panel) -> str:
    if panel.rendition is not None and panel.rendition.codec in MIME:
        return _data_url(MIME[panel.rendition.codec], panel.rendition.data)
    return _png_url(panel.pixels)


def _png_url(pixels: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return _data_url("image/png", buffer.getvalue())


def _data_url(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
