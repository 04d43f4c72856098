"""Tokens handed to towers of transformers, and towers that are left as they were."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import torch
from torch import nn

from cotam.adapters import adding, entering
from cotam.errors import ModelError

from .conftest import BLOCKS, DEEP, PREFIX, SIDE, TOKENS, TOWERS, WIDTH

Towers = Callable[[str], nn.Module]
FAMILIES = tuple(TOWERS)


def run(tower: nn.Module, images: torch.Tensor) -> Any:
    with torch.no_grad():
        return tower(images, output_hidden_states=True)


def random_tokens(tiles: int, count: int = TOKENS, seed: int = 2) -> torch.Tensor:
    return torch.randn(tiles, count, WIDTH, generator=torch.Generator().manual_seed(seed))


def fingerprint(tower: nn.Module) -> Any:
    """All that a user could find changed."""
    return {
        name: (sorted(vars(module)), len(module._forward_hooks), sorted(module.state_dict()))
        for name, module in tower.named_modules()
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_added_zeros_change_nothing_and_other_tokens_do(
    name: str, hf_tower: Towers, images: torch.Tensor
) -> None:
    tower = hf_tower(name)
    plain = run(tower, images).last_hidden_state
    with adding(tower, torch.zeros(2, TOKENS, WIDTH)):
        assert torch.equal(run(tower, images).last_hidden_state, plain)
    with adding(tower, random_tokens(2)):
        assert not torch.allclose(run(tower, images).last_hidden_state, plain, atol=1e-2)
    assert torch.equal(run(tower, images).last_hidden_state, plain)


@pytest.mark.parametrize("name", FAMILIES)
def test_tokens_are_added_to_the_patches_before_the_first_norm(
    name: str, hf_tower: Towers, images: torch.Tensor
) -> None:
    tower, tokens, seen = hf_tower(name), random_tokens(2), []
    embeddings = tower.embeddings
    own = embeddings(images)
    with adding(tower, tokens), adding(tower, tokens[:1]):
        hook = embeddings.register_forward_hook(lambda module, inputs, output: seen.append(output))
        run(tower, images)
        hook.remove()
    expected = own.clone()
    expected[:, PREFIX[name] :] += tokens + tokens[:1]
    torch.testing.assert_close(seen[0], expected)


@pytest.mark.parametrize("block", [0, 2, BLOCKS])
@pytest.mark.parametrize("name", FAMILIES)
def test_entering_with_the_towers_own_tokens_gives_its_own_answer(
    name: str, block: int, hf_tower: Towers, images: torch.Tensor
) -> None:
    tower, kept = hf_tower(name), []
    from cotam.vision.registry import family_of

    family = family_of(tower)
    source = family.entrance[-1] if block == 0 else family.blocks[block - 1]
    hook = source.register_forward_hook(lambda module, inputs, output: kept.append(output))
    plain = run(tower, images)
    hook.remove()
    with entering(tower, kept[0], block):
        entered = run(tower, torch.zeros_like(images) if name != "dinov3" else images)
    torch.testing.assert_close(entered.last_hidden_state, plain.last_hidden_state, atol=1e-6, rtol=0)
    if plain.hidden_states is not None:
        assert len(entered.hidden_states) == len(plain.hidden_states)


@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_reach_the_tokens(name: str, hf_tower: Towers, images: torch.Tensor) -> None:
    tower = hf_tower(name)
    added, entered = (random_tokens(2, count).requires_grad_() for count in (TOKENS, TOKENS + PREFIX[name]))
    with adding(tower, added):
        tower(images).last_hidden_state.square().sum().backward()
    with entering(tower, entered):
        tower(images).last_hidden_state.square().sum().backward()
    for tokens in (added, entered):
        assert tokens.grad is not None
        assert tokens.grad.abs().sum((1, 2)).min() > 0
    tower.zero_grad()


@pytest.mark.parametrize("context", [adding, entering])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_tower_is_left_as_it_was_even_by_an_error(
    name: str, context: Any, hf_tower: Towers, images: torch.Tensor
) -> None:
    tower = hf_tower(name)
    before, plain = fingerprint(tower), run(tower, images).last_hidden_state
    with pytest.raises(ZeroDivisionError), context(tower, random_tokens(2)):
        raise ZeroDivisionError
    with context(tower, random_tokens(2)):
        assert sorted(tower.state_dict()) == sorted(hf_tower(name).state_dict())
    assert fingerprint(tower) == before
    assert torch.equal(run(tower, images).last_hidden_state, plain)


def test_the_inner_of_two_entries_counts_and_the_outer_comes_back(
    hf_tower: Towers, images: torch.Tensor
) -> None:
    tower, (outer, inner) = hf_tower("clip"), (random_tokens(2, TOKENS + 1, seed) for seed in (3, 4))
    answers = []
    for tokens in (outer, inner):
        with entering(tower, tokens):
            answers.append(run(tower, images).last_hidden_state)
    with entering(tower, outer):
        with entering(tower, inner):
            assert torch.equal(run(tower, images).last_hidden_state, answers[1])
        assert torch.equal(run(tower, images).last_hidden_state, answers[0])


def test_a_forward_that_was_set_on_an_instance_comes_back(hf_tower: Towers, images: torch.Tensor) -> None:
    tower = hf_tower("siglip")
    own = tower.embeddings.forward
    vars(tower.embeddings)["forward"] = placed = lambda *args, **kwargs: own(*args, **kwargs)
    try:
        with entering(tower, random_tokens(2)):
            assert tower.embeddings.forward is not placed
        assert tower.embeddings.forward is placed
    finally:
        del vars(tower.embeddings)["forward"]


@pytest.mark.parametrize("context", [adding, entering])
def test_threads_on_one_tower_do_not_see_each_other(
    context: Any, hf_tower: Towers, images: torch.Tensor
) -> None:
    tower = hf_tower("siglip")
    tokens = [None, random_tokens(2, seed=5), random_tokens(2, seed=6)]
    together = Barrier(len(tokens))

    def alone(given: torch.Tensor | None) -> torch.Tensor:
        if given is None:
            return run(tower, images).last_hidden_state
        with context(tower, given):
            return run(tower, images).last_hidden_state

    def at_once(given: torch.Tensor | None) -> torch.Tensor:
        if given is None:
            together.wait(timeout=30)
            answer = run(tower, images).last_hidden_state
            together.wait(timeout=30)
            return answer
        with context(tower, given):
            together.wait(timeout=30)
            answer = run(tower, images).last_hidden_state
            together.wait(timeout=30)
        return answer

    expected = [alone(given) for given in tokens]
    before = fingerprint(tower)
    with ThreadPoolExecutor(len(tokens)) as pool:
        answers = list(pool.map(at_once, tokens))
    for answer, wanted in zip(answers, expected, strict=True):
        torch.testing.assert_close(answer, wanted, atol=1e-6, rtol=0)
    assert fingerprint(tower) == before


def test_llava_takes_them_with_all_its_hidden_states(transformers: Any, images: torch.Tensor) -> None:
    text = {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 4, "vocab_size": 64}
    vision = {**DEEP, "model_type": "clip_vision_model"}
    config = transformers.LlavaConfig(vision_config=vision, text_config=text, image_token_id=3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        llava = transformers.LlavaForConditionalGeneration(config).eval()
    ids = torch.full((2, TOKENS), config.image_token_id)
    tower = llava.get_encoder(modality="image")

    def logits() -> torch.Tensor:
        with torch.no_grad():
            return llava(input_ids=ids, pixel_values=images).logits

    plain, own = logits(), run(tower, images).hidden_states[2]
    with adding(tower, torch.zeros(2, TOKENS, WIDTH)):
        assert torch.equal(logits(), plain)
    with entering(tower, own):
        torch.testing.assert_close(logits(), plain, atol=1e-6, rtol=0)
    with entering(tower, own + 1):
        assert not torch.allclose(logits(), plain)


def test_what_does_not_fit_is_named(hf_tower: Towers, images: torch.Tensor) -> None:
    tower = hf_tower("clip")
    with pytest.raises(ValueError, match=rf"\(tiles, tokens, {WIDTH}\)"), adding(tower, torch.zeros(2, 3, 8)):
        pass
    with pytest.raises(ValueError, match="do not fit"), adding(tower, torch.zeros(3, TOKENS, WIDTH)):
        run(tower, images)
    with pytest.raises(ValueError, match="do not fit"), adding(tower, torch.zeros(2, TOKENS + 2, WIDTH)):
        run(tower, images)
    with pytest.raises(ValueError, match="2 tiles, but tokens for 3"), entering(tower, random_tokens(3)):
        run(tower, images)
    with pytest.raises(ValueError, match=f"from 0 to {BLOCKS}"), entering(tower, random_tokens(2), 9):
        pass
    with pytest.raises(ModelError, match="is no CLIP"), adding(nn.Linear(SIDE, 2), random_tokens(2)):
        pass
