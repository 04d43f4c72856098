"""Rate control by what a tower sees."""

import math

import numpy as np
import pytest
import torch

from cotam.checkpoint import write_model
from cotam.codec import SimilarityTarget, load_codec
from cotam.codec.similarity import TokenSimilarity, search_similarity
from cotam.models.cotam_s import CotamS
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP
from cotam.training.calibration import gaussian_tables
from cotam.vision import TowerRun, load_tower

from ..vision.conftest import checkpoint, transformers

__all__ = ["checkpoint", "transformers"]

TOLERANCE = 0.002


@pytest.fixture(scope="module")
def cosine_codec(small_config, tmp_path_factory):
    """A codec before any training: a block cosine transform, so quality means something."""
    path = tmp_path_factory.mktemp("cosine") / "cosine.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = CotamS(small_config).eval().to_integers()
    write_model(path, network, gaussian_tables(), name="cosine", description="untrained, for tests")
    return load_codec(path)


@pytest.fixture(scope="module")
def tower(checkpoint):
    return load_tower(checkpoint("siglip"))


class PixelTower:
    """Has the interface of a tower; its tokens are the pixels of patches, moved a little by every block.

    Random weights of real towers react to a decoded picture without any order; trained ones react as smoothly as this.
    """

    name, depth, prefix_tokens, side = "pixels", 4, 0, 16

    def preprocess(self, pictures):
        return torch.stack([torch.tensor(picture).permute(2, 0, 1) / 255 for picture in pictures])

    def run(self, images, blocks=None, *, tokens_of=()):
        patches = torch.nn.functional.unfold(images, self.side, stride=self.side).mT - 0.5
        count = self.depth if blocks is None else blocks
        moved = {index: patches + 0.1 * index for index in (*tokens_of, count)}
        return TowerRun(moved, {}, moved[count])


@pytest.fixture(scope="module")
def smooth_tower():
    return PixelTower()


def similarity(tower, codec, picture, data, layer=None):
    """Straight from transformers' tokens."""
    pictures = tower.preprocess([picture, np.asarray(codec.decode(data))])
    index = tower.depth if layer is None else layer
    tokens = tower.run(pictures, tokens_of=[index]).tokens[index][:, tower.prefix_tokens :].double()
    return float(torch.cosine_similarity(tokens[0], tokens[1], dim=-1).mean())


@pytest.mark.parametrize("layer", [None, 0, 2])
def test_the_target_is_reached_from_above_and_the_step_below_does_not_reach_it(
    cosine_codec, make_picture, smooth_tower, layer
):
    picture = make_picture(256, 256)
    low, high = (
        similarity(smooth_tower, cosine_codec, picture, cosine_codec.encode(picture, quality), layer)
        for quality in (1, 100)
    )
    target = low + 0.7 * (high - low)
    data = cosine_codec.encode(picture, min_similarity=SimilarityTarget(smooth_tower, target, layer))
    reached = similarity(smooth_tower, cosine_codec, picture, data, layer)
    quality = cosine_codec.decode_latents(data).quality
    below = cosine_codec.encode(picture, quality - 0.125)
    assert reached >= target
    assert similarity(smooth_tower, cosine_codec, picture, below, layer) < target
    assert reached - target < TOLERANCE


def test_what_cannot_be_reached_is_said_with_what_quality_100_reaches(cosine_codec, make_picture, tower):
    picture = make_picture(64, 64)
    reached = similarity(tower, cosine_codec, picture, cosine_codec.encode(picture, 100))
    with pytest.raises(ValueError, match=f"cannot be reached.*quality 100 reaches {reached:.4f}"):
        cosine_codec.encode(picture, min_similarity=SimilarityTarget(tower, 0.9999999))


def test_it_works_beside_guidance(cosine_codec, make_picture, tower):
    picture = make_picture(96, 96)
    data = cosine_codec.encode(picture, guidance="saliency", min_similarity=SimilarityTarget(tower, 0.1))
    assert similarity(tower, cosine_codec, picture, data) >= 0.1
    assert cosine_codec.decode_latents(data).level_map is not None


def test_the_tower_can_be_named(cosine_codec, make_picture, tower, checkpoint):
    picture = make_picture(48, 48)
    streams = {
        cosine_codec.encode(picture, min_similarity=SimilarityTarget(which, 0.2))
        for which in (tower, checkpoint("siglip"), str(checkpoint("siglip")))
    }
    assert len(streams) == 1


def test_it_excludes_a_target_in_bytes(cosine_codec, make_picture, tower):
    with pytest.raises(ValueError, match="target_bytes and min_similarity exclude each other"):
        cosine_codec.encode(
            make_picture(16, 16), target_bytes=500, min_similarity=SimilarityTarget(tower, 0.5)
        )


@pytest.mark.parametrize("minimum", [0, 1, 1.5, -0.2, math.nan])
def test_a_similarity_that_none_can_have_is_refused(minimum):
    with pytest.raises(ValueError, match="min_similarity must be between 0 and 1"):
        SimilarityTarget("tower", minimum)


def test_a_layer_that_the_tower_lacks_is_refused(make_picture, tower):
    with pytest.raises(ValueError, match="layer must be from 0 to 4"):
        TokenSimilarity(SimilarityTarget(tower, 0.5, 5), make_picture(16, 16))


@pytest.mark.parametrize("layer", [None, 0, 3])
def test_a_picture_is_as_similar_as_can_be_to_itself(make_picture, tower, layer):
    compare = TokenSimilarity(SimilarityTarget(tower, 0.5, layer), make_picture(40, 50))
    assert compare(make_picture(40, 50)) == pytest.approx(1)
    assert compare(255 - make_picture(40, 50)) < 0.999


def rising(step):
    return 1 - math.exp(-step / 120)


@pytest.mark.parametrize("minimum", [0.1, 0.5, 0.9, 0.99])
def test_the_search_finds_the_lowest_step_with_few_trials(minimum):
    trials = []
    best, step, reached = search_similarity(lambda s: trials.append(s) or s, rising, minimum)
    assert best == step
    assert step == min(s for s in range(MIN_STEP, MAX_STEP + 1) if rising(s) >= minimum)
    assert minimum <= reached == rising(step)
    assert reached - minimum < max(TOLERANCE, rising(step) - rising(step - 1))
    assert len(trials) <= 11


@pytest.mark.parametrize("seed", range(20))
def test_a_wobbling_similarity_still_gives_a_result_that_reaches_the_target(seed):
    wobble = np.random.default_rng(seed).normal(0, 0.01, MAX_STEP + 1)

    def similarity_of(step):
        return rising(step) + wobble[step]

    _, step, reached = search_similarity(lambda s: s, similarity_of, 0.9)
    assert reached == similarity_of(step) >= 0.9
    assert abs(step - 276) < 60


def test_an_easy_target_gives_the_lowest_quality():
    assert search_similarity(lambda s: s, rising, 0.01)[1] == MIN_STEP
