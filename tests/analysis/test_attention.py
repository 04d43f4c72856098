"""Attention that is known in advance, and random attention against loops in NumPy."""

import math

import numpy as np
import pytest
import torch

from cotam.analysis.attention import AttentionMeasures, measure_attention
from cotam.analysis.geometry import diagonal, patch_distances, share_of_diagonal

ROWS, COLUMNS = 3, 4
PATCHES = ROWS * COLUMNS
PLACES = [(row, column) for row in range(ROWS) for column in range(COLUMNS)]


def measured(attention: torch.Tensor, prefix: int = 0) -> AttentionMeasures:
    return measure_attention(attention[None, None], prefix, (ROWS, COLUMNS))


def test_distances_are_euclidean_and_in_patches() -> None:
    distances = patch_distances(ROWS, COLUMNS)
    for i, j in np.ndindex(PATCHES, PATCHES):
        assert distances[i, j] == pytest.approx(math.dist(PLACES[i], PLACES[j]), abs=1e-6)
    assert diagonal(ROWS, COLUMNS) == pytest.approx(float(distances.max()))
    assert share_of_diagonal(diagonal(ROWS, COLUMNS), ROWS, COLUMNS) == 1
    assert share_of_diagonal(0, 1, 1) == 0


def test_patches_that_look_at_themselves_have_distance_0() -> None:
    result = measured(torch.eye(PATCHES))
    assert result.mean_distance.tolist() == result.top1_distance.tolist() == [0]
    assert not result.inflow.any()
    assert not result.outflow.any()
    assert result.summary_share.tolist() == pytest.approx([1 / PATCHES])


def test_uniform_attention_looks_as_far_as_patches_lie_apart_on_average() -> None:
    result = measured(torch.full((PATCHES, PATCHES), 1 / PATCHES))
    mean = float(np.mean([math.dist(p, q) for p in PLACES for q in PLACES]))
    to_first = float(np.mean([math.dist(p, PLACES[0]) for p in PLACES]))
    assert result.mean_distance.item() == pytest.approx(mean, rel=1e-6)
    assert result.top1_distance.item() == pytest.approx(to_first, rel=1e-6)  # of equals the first counts
    assert result.summary_share.item() == pytest.approx(1 / PATCHES, rel=1e-6)
    torch.testing.assert_close(result.inflow, torch.full((1, PATCHES), 1 - 1 / PATCHES))
    torch.testing.assert_close(result.outflow, result.inflow)


def test_a_shift_by_one_patch_has_distance_1_but_for_the_last_column() -> None:
    shift = torch.zeros(PATCHES, PATCHES)
    for i, (row, column) in enumerate(PLACES):
        shift[i, row * COLUMNS + (column + 1) % COLUMNS] = 1
    result = measured(shift)
    expected = ((COLUMNS - 1) * 1 + (COLUMNS - 1)) / COLUMNS  # the last column looks back to the first
    assert result.mean_distance.item() == pytest.approx(expected)
    assert result.top1_distance.item() == pytest.approx(expected)
    assert result.inflow.tolist() == result.outflow.tolist() == [[1.0] * PATCHES]


def test_attention_of_all_on_one_patch_is_all_on_the_summary() -> None:
    target = 5
    attention = torch.zeros(PATCHES, PATCHES)
    attention[:, target] = 1
    result = measured(attention)
    assert result.summary_share.item() == 1
    assert result.inflow[0, target] == PATCHES - 1
    assert result.mean_distance.item() == pytest.approx(
        np.mean([math.dist(p, PLACES[target]) for p in PLACES])
    )


def test_class_token_and_registers_are_left_out_and_rows_are_normalised_again() -> None:
    prefix = 3
    attention = torch.zeros(PATCHES + prefix, PATCHES + prefix)
    attention[:prefix, :] = 1 / (PATCHES + prefix)
    attention[prefix:, :prefix] = 0.75 / prefix
    attention[prefix:, prefix:] = 0.25 * torch.eye(PATCHES).roll(1, 1)
    result, alone = measured(attention, prefix), measured(torch.eye(PATCHES).roll(1, 1))
    assert result.prefix_share.item() == pytest.approx(0.75)
    torch.testing.assert_close(result.mean_distance, alone.mean_distance)
    torch.testing.assert_close(result.inflow, alone.inflow)


def test_random_attention_is_measured_as_loops_measure_it() -> None:
    prefix, heads = 2, 3
    scores = torch.randn(
        2, heads, PATCHES + prefix, PATCHES + prefix, generator=torch.Generator().manual_seed(4)
    )
    weights = (3 * scores).softmax(-1)
    result = measure_attention(weights, prefix, (ROWS, COLUMNS))
    for n, picture in enumerate(weights.double().numpy()):
        a = picture.mean(0)[prefix:, prefix:]
        a = a / a.sum(1, keepdims=True)
        far = [sum(a[i, j] * math.dist(PLACES[i], PLACES[j]) for j in range(PATCHES)) for i in range(PATCHES)]
        top = [math.dist(PLACES[i], PLACES[int(a[i].argmax())]) for i in range(PATCHES)]
        inflow = [sum(a[i, j] for i in range(PATCHES) if i != j) for j in range(PATCHES)]
        outflow = [sum(a[i, j] for j in range(PATCHES) if i != j) for i in range(PATCHES)]
        assert result.mean_distance[n].item() == pytest.approx(np.mean(far), rel=1e-5)
        assert result.top1_distance[n].item() == pytest.approx(np.mean(top), rel=1e-5)
        assert result.summary_share[n].item() == pytest.approx(a.sum(0).max() / PATCHES, rel=1e-5)
        assert result.prefix_share[n].item() == pytest.approx(
            picture.mean(0)[prefix:, :prefix].sum(1).mean(), rel=1e-5
        )
        np.testing.assert_allclose(result.inflow[n], inflow, rtol=1e-5)
        np.testing.assert_allclose(result.outflow[n], outflow, rtol=1e-5)


def test_one_in_a_hundred_patches_is_rounded_up() -> None:
    attention = torch.zeros(196, 196)
    attention[:, 0], attention[:, 1], attention[:, 2] = 0.5, 0.3, 0.2
    share = measure_attention(attention[None, None], 0, (14, 14)).summary_share
    assert share.item() == pytest.approx(0.8)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not have the weights' 12 patches"):
        measure_attention(torch.eye(PATCHES)[None, None], 0, (3, 3))
    with pytest.raises(ValueError, match="weights must be"):
        measure_attention(torch.eye(PATCHES), 0, (ROWS, COLUMNS))
