"""Gains and previews in integers: near the base model's own floating point, exact, bounded."""

import pytest
import torch

from cotam.checkpoint.loading import load_model
from cotam.models.cotam_s import CotamS
from cotam.models.gain_scale import LOG_BITS, MAX_OCTAVES, MAX_REFERENCE, GainScale
from cotam.models.preview import TO_PLAIN, Preview, moved
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats


@pytest.fixture(scope="module")
def base() -> CotamS:
    return load_model("cotam-s").network


@pytest.fixture(scope="module")
def scale(base: CotamS) -> GainScale:
    scale = GainScale(base.config.latents, base.config.nodes)
    scale.take_from(base)
    return scale


def hats_of(base: CotamS, *steps: int) -> torch.Tensor:
    return quality_hats(torch.tensor(steps).view(1, 1, -1), base.config.nodes)


def test_integer_gains_are_the_models_own(base: CotamS, scale: GainScale) -> None:
    values = torch.randint(-20000, 20000, (1, base.config.latents, 1, 3)).double()
    old, new = hats_of(base, 8, 300, 800), hats_of(base, 120, 303, 640)
    wanted = values * (base.gains(new)[0] / base.gains(old)[0]).double()
    found = scale.moved(values, old, new)
    assert torch.equal(found, found.round())
    assert torch.allclose(found, wanted, rtol=2e-3, atol=1)


def test_equal_steps_change_nothing(base: CotamS, scale: GainScale) -> None:
    values = torch.randint(-(1 << 22), 1 << 22, (1, base.config.latents, 1, 2)).double()
    assert torch.equal(scale.moved(values, hats_of(base, 50, 60), hats_of(base, 50, 60)), values)


@pytest.mark.parametrize("value", [MAX_OCTAVES << LOG_BITS, -(MAX_OCTAVES << LOG_BITS)])
def test_gains_are_exact_up_to_their_limit(base: CotamS, value: int) -> None:
    scale = GainScale(base.config.latents, base.config.nodes)
    for log in (scale.log_gain, scale.log_inverse):
        log[0, 0] = value
        assert scale.is_exact()
        for beyond in (2 * value, (1 << 31) - 1, -(1 << 31)):
            log[0, 0] = beyond
            assert not scale.is_exact(), beyond
        log[0, 0] = 0


def test_references_stay_bounded(base: CotamS, scale: GainScale) -> None:
    values = torch.full((1, base.config.latents, 1, 1), 1e15, dtype=torch.float64)
    assert scale.moved(values, hats_of(base, 8), hats_of(base, 800)).max() == MAX_REFERENCE


def test_a_moved_preview_gives_the_latents_of_the_moved_picture(
    base: CotamS, scale: GainScale, make_picture
) -> None:
    picture = torch.from_numpy(make_picture(96, 160, seed=2)).permute(2, 0, 1)[None].float() / 255 - 0.5
    with torch.inference_mode():
        before, now = (base.analysis(x) for x in (picture[..., 16:, 16:], picture[..., 13:-3, 9:-7]))
        hats = quality_hats(torch.full((1, 5, 9), 400), base.config.nodes)
        values = torch.floor(before * base.gains(hats)[0] * ONE).double()
        pixels = Preview(base).pixels(scale.plain(values, hats, TO_PLAIN))
        found = scale.gained(Preview(base).latents(pixels, (12, 28)), hats, TO_PLAIN) / ONE
        wanted = now * base.gains(hats)[0]
    inner = (..., slice(1, -1), slice(1, -1))
    apart, still = ((x - wanted)[inner].square().mean() for x in (found, values / ONE))
    assert torch.equal(pixels, pixels.round())
    assert apart < 0.05 * still


def test_whole_pixels_move_exactly_and_edges_repeat() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4)
    assert moved(x, (0, 4))[0, 0, 0].tolist() == [0, 0, 1024, 2048]
    assert moved(x, (-4, 0))[0, 0, :, 0].tolist() == [4096, 8192, 8192]


def test_between_pixels_lies_what_a_cubic_says() -> None:
    x = torch.tensor([0.0, 0, 1, 1]).view(1, 1, 1, 4)
    assert (moved(x, (0, 2))[0, 0, 0] / 1024).tolist() == [0, -2 / 32, 0.5, 34 / 32]
    assert moved(torch.ones(1, 1, 5, 5), (3, 1)).eq(1024).all()
