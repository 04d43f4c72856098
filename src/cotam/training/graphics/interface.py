"""Windows, web pages and phone screens: title bars, menus, lists, forms, cards, buttons and icons."""

from dataclasses import dataclass

import numpy as np

from cotam.training.graphics.canvas import Box, Canvas, Point
from cotam.training.graphics.colours import WHITE, Theme, mix, random_colour, random_theme
from cotam.training.graphics.icons import draw_icon
from cotam.training.graphics.words import ACTIONS, chance, label, number, phrase, pick


@dataclass(frozen=True)
class _Screen:
    canvas: Canvas
    theme: Theme
    rng: np.random.Generator
    font: float
    radius: float
    """Corner radius of boxes, 0 for square ones."""


def render_interface(rng: np.random.Generator, size: int) -> Canvas:
    """Draw part of a screen."""
    theme = random_theme(rng)
    canvas = Canvas(size, theme.panel, scale=2 if chance(rng, 0.6) else 1)
    font = float(rng.uniform(9, 16))
    screen = _Screen(canvas, theme, rng, font, font * float(pick(rng, (0, 0.2, 0.5))))
    if chance(rng, 0.35):
        canvas.gradient((0, 0, size, size), random_colour(rng), random_colour(rng), upright=chance(rng, 0.5))
    window = _window(screen)
    body = _bars(screen, window)
    pick(rng, (_list, _form, _cards, _chat, _icons))(screen, body)
    if chance(rng, 0.15):
        _dialog(screen)
    return canvas


def _window(screen: _Screen) -> Box:
    """Draw the window's body, often reaching beyond the picture; return its box."""
    size, rng = screen.canvas.size, screen.rng
    x0, y0, x1, y1 = rng.uniform((-0.3, -0.1, 0.85, 0.85), (0.12, 0.12, 1.3, 1.3)) * size
    if chance(rng, 0.4):
        x0, y0, x1, y1 = 0, 0, size, size
    box = (float(x0), float(y0), float(x1), float(y1))
    screen.canvas.box(box, screen.theme.paper, screen.theme.faint, radius=screen.radius)
    return box


def _bars(screen: _Screen, window: Box) -> Box:
    """Draw the title bar, the menu and a side bar, each or not; return what is left for the body."""
    left, top, right, bottom = window
    canvas, theme, rng, font = screen.canvas, screen.theme, screen.rng, screen.font
    if chance(rng, 0.75):
        low = top + font * float(rng.uniform(1.8, 2.6))
        coloured = chance(rng, 0.4)
        start = theme.accents[0] if coloured else theme.panel
        canvas.gradient((left, top, right, low), start, mix(start, theme.ink, 0.15 * rng.random()))
        _window_buttons(screen, (left, top, right, low))
        ink = WHITE if coloured else theme.ink
        canvas.text((left + font * 5, (top + low) / 2), label(rng), font, ink, anchor="lm", bold=True)
        top = low
    if chance(rng, 0.5):
        x, low = left + font * 0.6, top + font * 1.8
        while x < right:
            name = pick(rng, ACTIONS)
            canvas.text((x, (top + low) / 2), name, font, theme.ink, anchor="lm")
            x += canvas.text_width(name, font) + font
        canvas.line([(left, low), (right, low)], theme.faint, 0.8)
        top = low
    if chance(rng, 0.35):
        edge = left + font * float(rng.uniform(4, 8))
        canvas.box((left, top, edge, bottom), theme.panel)
        _rows(screen, (left, top, edge, bottom), font * 2)
        left = edge
    return left, top, right, bottom


def _window_buttons(screen: _Screen, bar: Box) -> None:
    left, top, right, bottom = bar
    middle, font = (top + bottom) / 2, screen.font
    if chance(screen.rng, 0.5):
        for i, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
            screen.canvas.disc((left + font * (0.9 + 1.2 * i), middle), font * 0.4, colour)
        return
    x, y, r = min(right, screen.canvas.size) - font * 1.2, middle, font * 0.35
    for ends in ([(x - r, y - r), (x + r, y + r)], [(x - r, y + r), (x + r, y - r)]):
        screen.canvas.line(ends, screen.theme.ink, 1.2)
    screen.canvas.box((x - font * 2.2, y - r, x - font * 1.5, y + r), None, screen.theme.ink)


def _rows(screen: _Screen, area: Box, row: float) -> None:
    left, top, right, bottom = area
    room = max(1, int((right - left) / screen.font / 0.62))
    chosen = int(screen.rng.integers(0, 8))
    for i in range(int(max(0.0, min(bottom, screen.canvas.size) - top) / row)):
        y = top + i * row
        if i == chosen:
            fill = mix(screen.theme.paper, screen.theme.accents[0], 0.35)
            screen.canvas.box((left + 2, y + 1, right - 2, y + row - 1), fill, radius=screen.radius)
        at = (left + screen.font * 0.6, y + row / 2)
        screen.canvas.text(at, label(screen.rng)[:room], screen.font, screen.theme.ink, anchor="lm")


def _list(screen: _Screen, area: Box) -> None:
    left, top, right, bottom = area
    font, theme, rng, canvas = screen.font, screen.theme, screen.rng, screen.canvas
    row = font * float(rng.uniform(2.6, 4))
    end = min(bottom, canvas.size)
    room = max(1, int((right - left - row - font) / font / 0.5))
    while top < end:
        draw_icon(screen.canvas, screen.theme, screen.rng, (left + row / 2, top + row / 2), row * 0.32)
        canvas.text((left + row, top + row * 0.12), label(rng)[:room], font, theme.ink, bold=True)
        detail = phrase(rng, int(rng.integers(2, 8)))[:room]
        canvas.text((left + row, top + row * 0.12 + font * 1.2), detail, font * 0.85, theme.faint)
        if chance(rng, 0.4):
            canvas.text(
                (right - font * 0.5, top + row * 0.15), number(rng), font * 0.8, theme.faint, anchor="ra"
            )
        top += row
        canvas.line([(left, top), (right, top)], theme.panel)


def _form(screen: _Screen, area: Box) -> None:
    left, top, right, bottom = area
    font, theme, rng, canvas = screen.font, screen.theme, screen.rng, screen.canvas
    x, y, end = left + font, top + font, min(bottom, canvas.size)
    while y < end:
        kind = rng.random()
        if kind < 0.5:
            canvas.text((x, y), label(rng), font * 0.9, theme.ink)
            box = (x, y + font * 1.3, right - font, y + font * 3.2)
            canvas.box(box, mix(theme.paper, WHITE, 0.5), theme.faint, radius=screen.radius)
            ink = theme.faint if chance(rng, 0.5) else theme.ink
            canvas.text((x + font * 0.5, y + font * 2.25), phrase(rng, 2), font, ink, anchor="lm")
            y += font * 3.8
        elif kind < 0.75:
            _checkbox(screen, (x, y))
            y += font * 1.8
        else:
            for _ in range(int(rng.integers(1, 3))):
                x = _button(screen, (x, y)) + font * 0.8
            x, y = left + font, y + font * 2.8


def _checkbox(screen: _Screen, at: Point) -> None:
    (x, y), font, accent = at, screen.font, screen.theme.accents[0]
    checked = chance(screen.rng, 0.5)
    fill, outline = (accent, accent) if checked else (screen.theme.paper, screen.theme.faint)
    screen.canvas.box((x, y, x + font, y + font), fill, outline, radius=screen.radius / 2)
    if checked:
        tick = [
            (x + font * 0.2, y + font * 0.5),
            (x + font * 0.45, y + font * 0.75),
            (x + font * 0.8, y + font * 0.25),
        ]
        screen.canvas.line(tick, WHITE, 1.5)
    text = phrase(screen.rng, int(screen.rng.integers(2, 6)))
    screen.canvas.text((x + font * 1.5, y + font / 2), text, font, screen.theme.ink, anchor="lm")


def _button(screen: _Screen, at: Point) -> float:
    """Draw a button and return its right edge."""
    (x, y), font, name = at, screen.font, pick(screen.rng, ACTIONS)
    primary = chance(screen.rng, 0.5)
    right = x + screen.canvas.text_width(name, font) + font * 1.6
    fill = screen.theme.accents[0] if primary else screen.theme.panel
    screen.canvas.box((x, y, right, y + font * 2), fill, screen.theme.faint, radius=screen.radius * 1.5)
    ink = WHITE if primary else screen.theme.ink
    screen.canvas.text(((x + right) / 2, y + font), name, font, ink, anchor="mm")
    return right


def _cards(screen: _Screen, area: Box) -> None:
    left, top, right, bottom = area
    rng, font, canvas, theme = screen.rng, screen.font, screen.canvas, screen.theme
    width, height = font * float(rng.uniform(6, 11)), font * float(rng.uniform(6, 10))
    room = max(1, int((width - font) / font / 0.55))
    for y in np.arange(top + font, min(bottom, canvas.size), height + font):
        for x in np.arange(left + font, min(right, canvas.size), width + font):
            box = (float(x), float(y), float(x) + width, float(y) + height)
            canvas.box(box, mix(theme.paper, theme.panel, 0.5), theme.faint, radius=screen.radius)
            picture = (box[0] + 1, box[1] + 1, box[2] - 1, box[1] + height * 0.5)
            canvas.gradient(picture, random_colour(rng), pick(rng, theme.accents), upright=chance(rng, 0.5))
            canvas.text(
                (box[0] + font * 0.5, box[1] + height * 0.55), label(rng)[:room], font, theme.ink, bold=True
            )
            canvas.text((box[0] + font * 0.5, box[1] + height * 0.78), number(rng), font * 0.85, theme.faint)


def _chat(screen: _Screen, area: Box) -> None:
    left, top, right, bottom = area
    rng, font, canvas, theme = screen.rng, screen.font, screen.canvas, screen.theme
    y = top + font * 0.6
    while y < min(bottom, canvas.size):
        lines = [phrase(rng, int(rng.integers(2, 6))) for _ in range(int(rng.integers(1, 4)))]
        width = max(canvas.text_width(line, font) for line in lines) + font * 1.4
        mine = chance(rng, 0.5)
        x = right - width - font * 0.6 if mine else left + font * 0.6
        height = font * (1.3 * len(lines) + 0.8)
        fill = mix(theme.paper, theme.accents[0], 0.8) if mine else theme.panel
        canvas.box((x, y, x + width, y + height), fill, radius=max(screen.radius, font * 0.4))
        for i, line in enumerate(lines):
            ink = WHITE if mine else theme.ink
            canvas.text((x + font * 0.7, y + font * (0.4 + 1.3 * i)), line, font, ink)
        y += height + font * 0.8


def _icons(screen: _Screen, area: Box) -> None:
    left, top, right, bottom = area
    step = screen.font * float(screen.rng.uniform(3.5, 6))
    for y in np.arange(top + step * 0.6, min(bottom, screen.canvas.size), step * 1.1):
        for x in np.arange(left + step * 0.6, min(right, screen.canvas.size), step):
            draw_icon(screen.canvas, screen.theme, screen.rng, (float(x), float(y)), step * 0.3)
            below = (float(x), float(y) + step * 0.45)
            name = label(screen.rng)[:9]
            screen.canvas.text(below, name, screen.font * 0.75, screen.theme.ink, anchor="mm")


def _dialog(screen: _Screen) -> None:
    size, font, rng = screen.canvas.size, screen.font, screen.rng
    x, y = (float(v) for v in rng.uniform(0, 0.4, 2) * size)
    box = (x, y, x + font * 13, y + font * 7)
    shadow = mix(screen.theme.paper, (0, 0, 0), 0.4)
    screen.canvas.box((x + 3, y + 3, box[2] + 3, box[3] + 3), shadow, radius=screen.radius)
    screen.canvas.box(box, screen.theme.paper, screen.theme.faint, radius=screen.radius)
    screen.canvas.text((x + font, y + font * 0.7), label(rng), font * 1.1, screen.theme.ink, bold=True)
    screen.canvas.text((x + font, y + font * 2.4), phrase(rng, 4)[:22], font, screen.theme.ink)
    right = _button(screen, (x + font, y + font * 4.4))
    _button(screen, (right + font * 0.8, y + font * 4.4))
