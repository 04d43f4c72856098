"""Packed questions teach what a single question meets."""

from dataclasses import replace

import torch

from cotam.levelvqa.scene import scene
from cotam.training.levelvqa.dialogue import IGNORED, attention_mask, pack

SEED = 3


def test_a_packed_question_is_the_chat_templates_own_tokens(task):
    maker, processor = task.maker, task.processor
    question = scene(SEED).questions[0]
    packed = pack(maker.tokenizer, maker.template, [(question.text, question.answer)], 64)
    turns = [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question.text}]},
        {"role": "assistant", "content": [{"type": "text", "text": question.answer}]},
    ]
    text = processor.apply_chat_template(turns, tokenize=False)
    expected = processor(images=scene(SEED).image, text=text).input_ids[0]
    shown = packed.tokens[packed.segments == 1].tolist()
    assert [*maker.template.prefix, *shown] == list(expected)


def test_only_answers_are_targets(task):
    maker = task.maker
    packed = pack(maker.tokenizer, maker.template, [("How many stars?", "7"), ("Which colour?", "red")], 64)
    answers = packed.targets[packed.targets != IGNORED]
    assert maker.tokenizer.decode(answers) == " 7</s> red</s>"


def test_a_question_that_does_not_fit_is_left_out_whole(task):
    maker = task.maker
    one = pack(maker.tokenizer, maker.template, [("How many stars?", "7")], 64)
    length = int((one.segments == 1).sum())
    both = pack(maker.tokenizer, maker.template, [("How many stars?", "7")] * 2, length + 3)
    assert both.segments.tolist() == [1] * length + [0] * 3


def test_questions_see_the_picture_and_themselves_only():
    allowed = attention_mask(torch.tensor([[1, 1, 2, 0]]), prefix=2)[0, 0]
    assert allowed.int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 1],
    ]


@torch.no_grad()
def test_packed_logits_equal_those_of_the_plain_model_asked_alone(task):
    learner, maker = task.model.eval(), replace(task.maker, facts=False)
    batch = maker.batch([SEED, SEED + 1])
    packed = learner.think(learner.show(batch.pixels), batch).logits
    row = 0
    for seed in (SEED, SEED + 1):
        one = scene(seed)
        for question in maker.questions(one.graph):
            turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question.text}]}
            text = task.processor.apply_chat_template([turn], add_generation_prompt=True)
            inputs = task.processor(images=one.image, text=text, return_tensors="pt")
            alone = learner.llava(**inputs).logits[0, -1]
            torch.testing.assert_close(packed[row], alone, rtol=1e-3, atol=1e-3)
            row += len(maker.tokenizer(" " + question.answer).input_ids) + 1
    assert row == len(packed)


def test_drawing_questions_twice_asks_for_more_and_never_the_same_twice(task):
    graph = scene(SEED).graph
    once, twice = task.maker.questions(graph), replace(task.maker, draws=2).questions(graph)
    texts = [question.text for question in twice]
    assert len(twice) > len(once)
    assert len(set(texts)) == len(texts)
    assert {question.text for question in once} <= set(texts)
