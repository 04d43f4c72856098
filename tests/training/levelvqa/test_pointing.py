"""Attention is measured on the patches that a word names."""

import math

import pytest
import torch

from cotam.training.levelvqa.labels import PATCH_LABELS, THINGS, UNKNOWN
from cotam.training.levelvqa.pointing import HEADS


def tokens_of(task, *words: str) -> torch.Tensor:
    numbers = [task.processor.tokenizer(" " + word, add_special_tokens=False).input_ids for word in words]
    assert all(len(number) == 1 for number in numbers)
    return torch.tensor([[number for (number,) in numbers]])


def labelled(**rows: list[int]) -> torch.Tensor:
    """Labels (1, labels, 4) of four patches."""
    unknown = [UNKNOWN] * 4
    return torch.tensor([[rows.get(name, unknown) for name in PATCH_LABELS]])


def test_words_name_the_patches_that_show_them(task):
    star, ring = THINGS.index("star"), THINGS.index("ring")
    patches = labelled(thing=[star, ring, star, 0], colour=[0, 1, 0, UNKNOWN])
    from cotam.levelvqa.vocabulary import COLOURS

    first, second = list(COLOURS)[:2]
    shown = task.model.pointer.shown(tokens_of(task, "star", "stars", "ring", first, second, "many"), patches)
    assert shown[0].int().tolist() == [
        [1, 0, 1, 0],
        [1, 0, 1, 0],
        [0, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
    ]


def test_a_kind_after_a_colour_means_both_where_there_is_such_a_thing(task):
    from cotam.levelvqa.vocabulary import COLOURS

    star, ring = THINGS.index("star"), THINGS.index("ring")
    patches = labelled(thing=[star, ring, star, 0], colour=[0, 1, 1, UNKNOWN])
    first, second, third = list(COLOURS)[:3]
    for colour, shown in ((first, [1, 0, 0, 0]), (second, [0, 0, 1, 0]), (third, [1, 0, 1, 0])):
        tokens = tokens_of(task, colour, "star")
        assert task.model.pointer.shown(tokens, patches)[0, 1].int().tolist() == shown


def test_the_loss_is_what_attention_misses(task):
    star = THINGS.index("star")
    patches, tokens = labelled(thing=[star, 0, 0, 0]), tokens_of(task, "star", "many", "ring")
    heads = HEADS + 1
    uniform = torch.full((1, heads, 3, 4), 1 / 4)
    right, wrong = torch.zeros_like(uniform), torch.zeros_like(uniform)
    right[:, :HEADS, 0, 0] = 1  # the other head, and words that name nothing there, look wherever they like
    wrong[:, HEADS:, 0, 0] = 1
    pointer = task.model.pointer
    assert float(pointer(uniform, tokens, patches)) == pytest.approx(math.log(4))
    assert float(pointer(right, tokens, patches)) == 0
    assert float(pointer(wrong, tokens, patches)) > 10
    assert float(pointer(uniform, tokens, labelled())) == 0


def test_it_reaches_the_language_model(task):
    batch = task.maker.batch([3, 4])
    losses = task.model(batch)
    losses.point.backward()
    layers = task.model.llava.model.language_model.layers
    assert float(losses.point.detach()) > 0.5
    assert layers[1].self_attn.q_proj.weight.grad.abs().max() > 0
    assert task.model.llava.lm_head.weight.grad is None
