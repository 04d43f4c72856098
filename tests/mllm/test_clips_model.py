"""The embedded model that understands clips, as it ships."""

import pytest
import torch

from cotam import load_mllm
from cotam.levelvqa.clips import clip, shown_frames
from cotam.levelvqa.splits import split_seeds
from cotam.mllm.shipped import SHIPPED_NAMES


@pytest.fixture(scope="module")
def models():
    return [load_mllm(name) for name in SHIPPED_NAMES]


def test_both_have_one_tower_and_its_adapters_and_speak_for_themselves(models):
    plain, clips = (model.model.state_dict() for model in models)
    other = {name for name in plain if not torch.equal(plain[name], clips[name])}
    assert other
    assert not any("vision_tower" in name for name in other)
    one, other = ([adapter.card.name for adapter in model.adapters] for model in models)
    assert one == other != []


def test_only_the_second_understands_questions_about_clips(models):
    right = [0, 0]
    for seed in split_seeds("validation", 4):
        one = clip(seed)
        pictures = [one.image(frame) for frame in shown_frames(one.graph.frames)]
        asked = [(pictures, question.text) for question in one.questions]
        for number, model in enumerate(models):
            said = model.answer_batch(asked, max_new_tokens=4)
            right[number] += sum(
                answer == question.answer for answer, question in zip(said, one.questions, strict=True)
            )
    assert right[1] >= 6
    assert right[0] <= 2
