"""Charts with axes, grid lines, ticks, labels and legends: bars, lines, scatter plots and pies."""

from dataclasses import dataclass

import numpy as np

from cotam.training.graphics.canvas import Canvas, Point
from cotam.training.graphics.colours import Theme, mix, random_theme
from cotam.training.graphics.words import TITLES, chance, label, pick

Array = np.ndarray


@dataclass(frozen=True)
class _Plot:
    """The area between the axes; data run over 0..1 both ways, upwards."""

    canvas: Canvas
    theme: Theme
    left: float
    top: float
    right: float
    bottom: float
    font: float

    def at(self, x: float, y: float) -> Point:
        return self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)


def render_chart(rng: np.random.Generator, size: int) -> Canvas:
    """Draw one chart, or part of a large one."""
    theme = random_theme(rng, dark=0.2)
    canvas = Canvas(size, theme.paper, scale=2)
    plot = _plot(canvas, theme, rng)
    if chance(rng, 0.18):
        _pie(plot, rng)
    else:
        _axes(plot, rng)
        pick(rng, (_bars, _bars, _lines, _lines, _scatter, _stacked_bars))(plot, rng)
        _frame(plot, rng)
    if chance(rng, 0.7):
        centre = ((plot.left + plot.right) / 2, plot.top - plot.font * 1.2)
        canvas.text(centre, label(rng), plot.font * 1.25, theme.ink, anchor="mm", bold=chance(rng, 0.4))
    return canvas


def _plot(canvas: Canvas, theme: Theme, rng: np.random.Generator) -> _Plot:
    size, font = canvas.size, float(rng.uniform(8, 14))
    left, top = font * rng.uniform(3, 4.5), font * rng.uniform(2, 2.8)
    right, bottom = size - font * rng.uniform(0.5, 2), size - font * rng.uniform(2.5, 3.5)
    if chance(rng, 0.25):  # a large chart, of which only a part is in the picture
        if chance(rng, 0.5):
            right += size * rng.uniform(0.1, 0.6)
        else:
            bottom += size * rng.uniform(0.1, 0.4)
    return _Plot(canvas, theme, float(left), float(top), float(right), float(bottom), font)


def _axes(plot: _Plot, rng: np.random.Generator) -> None:
    ticks = int(rng.integers(3, 8))
    step = float(pick(rng, (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 100, 500)))
    grid = mix(plot.theme.paper, plot.theme.faint, 0.5)
    with_grid, upright_grid = chance(rng, 0.7), chance(rng, 0.25)
    for i in range(ticks + 1):
        x, y = plot.at(0, i / ticks)
        if with_grid:
            plot.canvas.line([(x, y), (plot.right, y)], grid, 0.7)
        name = f"{i * step:g}"
        plot.canvas.text((x - plot.font * 0.4, y), name, plot.font, plot.theme.ink, anchor="rm")
        if upright_grid:
            x, y = plot.at(i / ticks, 0)
            plot.canvas.line([(x, y), (x, plot.top)], grid, 0.7)


def _frame(plot: _Plot, rng: np.random.Generator) -> None:
    corners = [plot.at(0, 1), plot.at(0, 0), plot.at(1, 0)]
    if chance(rng, 0.4):
        corners += [plot.at(1, 1), plot.at(0, 1)]
    plot.canvas.line(corners, plot.theme.ink if chance(rng, 0.6) else plot.theme.faint)
    if chance(rng, 0.5):
        middle = (plot.top + plot.bottom) / 2
        plot.canvas.upright_text((plot.font * 0.9, middle), label(rng), plot.font, plot.theme.ink)
    if chance(rng, 0.4):
        x, y = plot.at(0.5, 0)
        plot.canvas.text((x, y + plot.font * 2.1), label(rng), plot.font, plot.theme.ink, anchor="mm")


def _category_names(plot: _Plot, rng: np.random.Generator, count: int) -> None:
    start, years = int(rng.integers(1950, 2020)), chance(rng, 0.5)
    room = max(2, int((plot.right - plot.left) / count / plot.font / 0.7))
    for i in range(count):
        x, y = plot.at((i + 0.5) / count, 0)
        name = str(start + i) if years else pick(rng, TITLES)[:room]
        plot.canvas.text((x, y + plot.font * 0.9), name, plot.font, plot.theme.ink, anchor="mm")


def _bars(plot: _Plot, rng: np.random.Generator) -> None:
    series = int(rng.integers(1, 4))
    count = int(rng.integers(3, 13 // series + 1))
    share = float(rng.uniform(0.5, 0.95)) / count / series
    with_values = series == 1 and chance(rng, 0.4)
    for i in range(count):
        for s in range(series):
            height = float(rng.uniform(0.05, 0.95))
            x0, y0 = plot.at((i + 0.5) / count + (s - series / 2) * share, height)
            x1, y1 = plot.at((i + 0.5) / count + (s + 1 - series / 2) * share, 0)
            plot.canvas.box((x0, y0, x1, y1), plot.theme.accents[s])
            if with_values:
                at = ((x0 + x1) / 2, y0 - plot.font * 0.6)
                plot.canvas.text(at, f"{height * 100:.0f}", plot.font * 0.85, plot.theme.ink, anchor="mm")
    _category_names(plot, rng, count)
    _legend(plot, rng, series)


def _stacked_bars(plot: _Plot, rng: np.random.Generator) -> None:
    count, series = int(rng.integers(3, 10)), int(rng.integers(2, 5))
    half = float(rng.uniform(0.25, 0.48)) / count
    for i in range(count):
        edges = np.cumsum(rng.uniform(0.03, 0.95 / series, series))
        for s in reversed(range(series)):
            x0, y0 = plot.at((i + 0.5) / count - half, float(edges[s]))
            x1, y1 = plot.at((i + 0.5) / count + half, 0)
            plot.canvas.box((x0, y0, x1, y1), plot.theme.accents[s])
    _category_names(plot, rng, count)
    _legend(plot, rng, series)


def _curve(rng: np.random.Generator, count: int) -> Array:
    """Return `count` heights in 0.05..0.95: a random walk, a trend or a wave."""
    t = np.linspace(0, 1, count)
    walk = np.cumsum(rng.normal(size=count)) / np.sqrt(count)
    wave = np.sin(t * rng.uniform(2, 15) + rng.uniform(0, 6))
    values = rng.normal() * 1.5 * t + rng.uniform(0, 1.2) * walk + rng.uniform(0, 0.6) * wave
    span = max(float(np.ptp(values)), 1e-9)
    low, high = np.sort(rng.uniform(0.05, 0.95, 2))
    return np.asarray(low + (values - values.min()) / span * max(high - low, 0.2))


def _lines(plot: _Plot, rng: np.random.Generator) -> None:
    series, count = int(rng.integers(1, 5)), int(rng.integers(5, 60))
    width, marked = float(rng.uniform(0.8, 2.5)), count < 16 and chance(rng, 0.6)
    filled = series == 1 and chance(rng, 0.4)
    for s in range(series):
        colour = plot.theme.accents[s]
        heights = _curve(rng, count)
        points = [plot.at(i / (count - 1), float(h)) for i, h in enumerate(heights)]
        if filled:
            area = [plot.at(0, 0), *points, plot.at(1, 0)]
            plot.canvas.polygon(area, mix(plot.theme.paper, colour, 0.3))
        plot.canvas.line(points, colour, width)
        for point in points if marked else ():
            plot.canvas.disc(point, width + 1.2, colour)
    _category_names(plot, rng, int(rng.integers(3, 7)))
    _legend(plot, rng, series)


def _scatter(plot: _Plot, rng: np.random.Generator) -> None:
    series = int(rng.integers(1, 4))
    radius = float(rng.uniform(1.2, 4))
    for s in range(series):
        count = int(rng.integers(10, 60))
        centre, spread = rng.uniform(0.2, 0.8, 2), rng.uniform(0.04, 0.25, 2)
        cloud = rng.normal(size=(count, 2)) * spread + centre
        cloud[:, 1] += (cloud[:, 0] - centre[0]) * rng.uniform(-1, 1)
        outline = plot.theme.paper if chance(rng, 0.4) else None
        for x, y in np.clip(cloud, 0.01, 0.99):
            plot.canvas.disc(plot.at(float(x), float(y)), radius, plot.theme.accents[s], outline)
    _category_names(plot, rng, int(rng.integers(3, 7)))
    _legend(plot, rng, series)


def _pie(plot: _Plot, rng: np.random.Generator) -> None:
    count = int(rng.integers(2, 7))
    shares = rng.dirichlet(np.full(count, 2.0))
    centre = ((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2)
    radius = min(plot.right - plot.left, plot.bottom - plot.top) * float(rng.uniform(0.3, 0.5))
    edges = np.concatenate([[0], np.cumsum(shares)]) * 360 + rng.uniform(0, 360)
    for i in range(count):
        plot.canvas.sector(centre, radius, (float(edges[i]), float(edges[i + 1])), plot.theme.accents[i])
    reach = radius * (0.65 if chance(rng, 0.6) else 1.18)
    for i in range(count):
        angle = np.deg2rad((edges[i] + edges[i + 1]) / 2)
        at = (centre[0] + reach * float(np.cos(angle)), centre[1] + reach * float(np.sin(angle)))
        colour = plot.theme.paper if reach < radius else plot.theme.ink
        plot.canvas.text(at, f"{shares[i] * 100:.0f}%", plot.font, colour, anchor="mm")
    if chance(rng, 0.3):
        plot.canvas.disc(centre, radius * 0.5, plot.theme.paper)
    _legend(plot, rng, count)


def _legend(plot: _Plot, rng: np.random.Generator, series: int) -> None:
    if chance(rng, 0.4):
        return
    names = [label(rng)[:14] for _ in range(series)]
    font, canvas = plot.font * 0.9, plot.canvas
    width = max(canvas.text_width(name, font) for name in names) + font * 2.2
    right, top = min(plot.right, canvas.size) - 2, plot.top + 2
    box = (right - width, top, right, top + series * font * 1.3 + font * 0.4)
    canvas.box(box, plot.theme.paper, plot.theme.faint, width=0.6, radius=font * 0.2)
    for s, name in enumerate(names):
        y = top + font * (0.9 + 1.3 * s)
        x = box[0] + font * 0.4
        canvas.box((x, y - font * 0.3, x + font, y + font * 0.3), plot.theme.accents[s])
        canvas.text((x + font * 1.3, y), name, font, plot.theme.ink, anchor="lm")
