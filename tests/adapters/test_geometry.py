"""What is learned of real image processors, against their geometry worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cotam.adapters import Geometry, geometry_of

PATCH = 14
Box = tuple[float, float, float, float]


def tile_box(geometry: Geometry, tile: int) -> Box:
    """First edge of a tile's first patch and last edge of its last one."""
    boxes = geometry.boxes[tile]
    return (*boxes[0, 0, :2].tolist(), *boxes[-1, -1, 2:].tolist())


def even_grid(box: Box, rows: int, columns: int) -> torch.Tensor:
    """Boxes of an unpadded tile that shows `box`."""
    xs = torch.linspace(box[0], box[2], columns + 1, dtype=torch.float64)
    ys = torch.linspace(box[1], box[3], rows + 1, dtype=torch.float64)
    corners = (xs[:-1].expand(rows, -1), ys[:-1, None].expand(-1, columns))
    ends = (xs[1:].expand(rows, -1), ys[1:, None].expand(-1, columns))
    return torch.stack([*corners, *ends], -1).float()


def assert_shows(geometry: Geometry, tile: int, box: Box, tolerance: float = 0.5) -> None:
    rows, columns = geometry.grid
    assert geometry.shown[tile].all()
    torch.testing.assert_close(
        geometry.boxes[tile],
        even_grid(box, rows, columns),
        atol=tolerance,
        rtol=0,
        msg=lambda m: f"{box}: {m}",
    )


def square(side: int) -> dict[str, dict[str, int]]:
    return {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}


@pytest.mark.parametrize(
    "size", [(384, 384), (640, 427), (427, 641), (333, 517), (24, 31), (4000, 3000), (1501, 2000)]
)
def test_clip_shows_the_middle_square(transformers: Any, size: tuple[int, int]) -> None:
    width, height = size
    geometry = geometry_of(transformers.CLIPImageProcessorPil(**square(336)), size, PATCH)
    resized = [336 if side == min(size) else int(336 * side / min(size)) for side in size]
    left, top = ((side - 336) // 2 for side in resized)
    x, y = left * width / resized[0], top * height / resized[1]
    assert geometry.tiles == 1
    assert_shows(geometry, 0, (x, y, x + 336 * width / resized[0], y + 336 * height / resized[1]))


def test_a_384_picture_in_a_336_tower_lies_on_the_latents_exactly(transformers: Any) -> None:
    geometry = geometry_of(transformers.CLIPImageProcessorPil(**square(336)), (384, 384), PATCH)
    assert torch.equal(geometry.boxes[0], even_grid((0, 0, 384, 384), 24, 24))


@pytest.mark.parametrize("size", [(640, 427), (101, 397), (4000, 2999), (30, 64)])
def test_llava_with_padding_shows_all_in_the_middle(transformers: Any, size: tuple[int, int]) -> None:
    width, height = size
    processor = transformers.LlavaImageProcessorPil(do_pad=True, **square(336))
    geometry = geometry_of(processor, size, PATCH)
    side = max(size)
    x, y = -((side - width) // 2), -((side - height) // 2)
    expected = even_grid((x, y, x + side, y + side), 24, 24)
    limits = torch.tensor([width, height, width, height])
    torch.testing.assert_close(geometry.boxes[0], expected.clamp_min(0).minimum(limits), atol=0.5, rtol=0)
    clipped = expected.clamp_min(0).minimum(limits)
    share = (clipped[..., 2:] - clipped[..., :2]).clamp_min(0).prod(-1) / (side / 24) ** 2
    clear_cases = (share > 0.15) | (share < 0.05)
    assert torch.equal(geometry.shown[0][clear_cases], (share > 0.1)[clear_cases])
    assert not geometry.shown.all()


@pytest.mark.parametrize("size", [(1000, 400), (300, 1200), (4000, 3000), (700, 650), (40, 36)])
def test_llava_next_shows_the_global_view_first_and_padded_tiles(
    transformers: Any, size: tuple[int, int]
) -> None:
    pinpoints = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
    processor = transformers.LlavaNextImageProcessorPil(**square(336), image_grid_pinpoints=pinpoints)
    check_any_resolution(processor, size, 336, pinpoints)


@pytest.mark.parametrize("size", [(600, 410), (399, 1000)])
def test_llava_onevision_shows_the_same_way(transformers: Any, size: tuple[int, int]) -> None:
    pinpoints = [[a, b] for a in (384, 768, 1152) for b in (384, 768, 1152)]
    processor = transformers.LlavaOnevisionImageProcessorPil(image_grid_pinpoints=pinpoints)
    check_any_resolution(processor, size, 384, pinpoints)


def check_any_resolution(
    processor: Any, size: tuple[int, int], side: int, pinpoints: list[list[int]]
) -> None:
    from transformers.image_processing_utils import select_best_resolution

    width, height = size
    geometry = geometry_of(processor, size, PATCH)
    if side % PATCH == 0:
        assert_shows(geometry, 0, (0, 0, width, height))
    high, wide = select_best_resolution((height, width), pinpoints)
    scale = min(high / height, wide / width)
    shown_w, shown_h = min(math.ceil(width * scale), wide), min(math.ceil(height * scale), high)
    left, top = (wide - shown_w) // 2, (high - shown_h) // 2
    assert geometry.tiles == 1 + (wide // side) * (high // side)
    grid = side // PATCH
    for tile in range(1, geometry.tiles):
        row, column = divmod(tile - 1, wide // side)
        x = (column * side - left) * width / shown_w
        y = (row * side - top) * height / shown_h
        seen = side // PATCH * PATCH
        whole = even_grid((x, y, x + seen * width / shown_w, y + seen * height / shown_h), grid, grid)
        expected = whole.clamp_min(0).minimum(torch.tensor([width, height, width, height]))
        area = (expected[..., 2:] - expected[..., :2]).clamp_min(0).prod(-1)
        share = area / (PATCH**2 * width / shown_w * height / shown_h)
        shown = geometry.shown[tile]
        torch.testing.assert_close(geometry.boxes[tile][shown], expected[shown], atol=0.5, rtol=0)
        assert shown[share > 0.15].all()
        assert not shown[share < 0.05].any()


@pytest.mark.parametrize(
    ("size", "columns", "rows"), [((900, 300), 3, 1), ((301, 640), 2, 4), ((2000, 2000), 3, 3)]
)
def test_internvl_shows_tiles_and_then_the_thumbnail(
    transformers: Any, size: tuple[int, int], columns: int, rows: int
) -> None:
    processor = transformers.GotOcr2ImageProcessorPil(size={"height": 112, "width": 112}, max_patches=9)
    geometry = geometry_of(processor, size, PATCH, crop_to_patches=True)
    width, height = size
    assert geometry.tiles == rows * columns + 1
    for tile in range(rows * columns):
        row, column = divmod(tile, columns)
        corner = (column * width / columns, row * height / rows)
        assert_shows(geometry, tile, (*corner, corner[0] + width / columns, corner[1] + height / rows))
    assert_shows(geometry, rows * columns, (0, 0, width, height))


def test_internvl_with_one_tile_has_no_thumbnail(transformers: Any) -> None:
    processor = transformers.GotOcr2ImageProcessorPil(size={"height": 112, "width": 112}, max_patches=9)
    geometry = geometry_of(processor, (60, 60), PATCH, crop_to_patches=True)
    assert geometry.tiles == 1
    assert_shows(geometry, 0, (0, 0, 60, 60))


@pytest.mark.parametrize("size", [(511, 307), (3999, 31), (16, 16), (5, 3), (2, 50)])
def test_siglip_squashes_the_whole_picture(transformers: Any, size: tuple[int, int]) -> None:
    processor = transformers.SiglipImageProcessorPil(size={"height": 224, "width": 224})
    geometry = geometry_of(processor, size, 16)
    assert_shows(geometry, 0, (0, 0, *size))


@pytest.mark.parametrize("padding", [0, 127, 255])
def test_the_colour_of_padding_does_not_matter(padding: int) -> None:
    def processor(picture: Image.Image, return_tensors: str) -> dict[str, torch.Tensor]:
        canvas = Image.new("RGB", (64, 64), (padding,) * 3)
        canvas.paste(picture.resize((32, 48)), (16, 0))
        return {"pixel_values": torch.from_numpy(np.array(canvas)).permute(2, 0, 1)[None] / 100.0 - 1}

    geometry = geometry_of(processor, (64, 96), 16)
    assert geometry.shown[0].tolist() == [[False, True, True, False]] * 3 + [[False] * 4]
    torch.testing.assert_close(geometry.boxes[0, 1, 2], torch.tensor([32.0, 32, 64, 64]), atol=0.1, rtol=0)


def test_answers_are_remembered_by_processor_size_and_patch(transformers: Any) -> None:
    first, second = (transformers.SiglipImageProcessorPil() for _ in range(2))
    assert geometry_of(first, (50, 40), 16) is geometry_of(first, (50, 40), 16)
    assert geometry_of(first, (50, 40), 16) is not geometry_of(second, (50, 40), 16)
    assert geometry_of(first, (50, 40), 16) is not geometry_of(first, (40, 50), 16)


def test_packed_patches_are_refused() -> None:
    def packed(picture: Image.Image, return_tensors: str) -> dict[str, torch.Tensor]:
        return {"pixel_values": torch.zeros(16, 1176)}

    with pytest.raises(ValueError, match="packed patches"):
        geometry_of(packed, (50, 40), 16)


def test_an_empty_picture_is_refused(transformers: Any) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        geometry_of(transformers.SiglipImageProcessorPil(), (0, 40), 16)
