"""Clips are taught as they are asked about, and what is told about them is true."""

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest
import torch

from cotam.levelvqa.clips import PICTURES, Clip, clip, questions_of_clip, sample_clip, shown_frames
from cotam.levelvqa.splits import split_of
from cotam.levelvqa.stream import Stream
from cotam.levelvqa.vocabulary import KINDS
from cotam.mllm.conversation import question_about
from cotam.mllm.prompting import Prompter
from cotam.training.checkpoints import load_checkpoint
from cotam.training.levelvqa import validating
from cotam.training.levelvqa.changes import EVENTS, LIGHTS, changes_of
from cotam.training.levelvqa.clip_facts import clip_facts, with_place
from cotam.training.levelvqa.comparing import Comparer, look_loss, thing_loss, way_loss
from cotam.training.levelvqa.examples import SceneBatches
from cotam.training.levelvqa.labels import PATCH_LABELS, THINGS, UNKNOWN
from cotam.training.levelvqa.task import LevelVQATask
from cotam.training.run import TrainingRun

SEEDS = range(40)
FRAMES = shown_frames(16)


def shown(one: Clip):
    return [one.image(frame) for frame in FRAMES]


def test_the_prompt_in_training_is_that_of_inference_token_for_token(clip_task):
    maker, processor = dataclasses.replace(clip_task.clip_maker, facts=False), clip_task.processor
    one, batch = clip(3), maker.batch([3])
    prompter = Prompter("it", processor, None)
    for number, question in enumerate(maker.questions(one.graph), start=1):
        conversation = question_about(shown(one), question.text)
        expected = prompter.prepare(conversation, shown(one), 1)["input_ids"][0].tolist()
        tokens = batch.tokens[batch.segments == number].tolist()
        taught = [*maker.template.prefix, *tokens][: len(expected)]
        assert taught == expected
        assert batch.positions[batch.segments == number][0] == len(maker.template.prefix)
        answer = processor.tokenizer.decode(tokens[len(expected) - len(maker.template.prefix) :])
        assert answer == f" {question.answer}</s>"


@torch.no_grad()
def test_packed_logits_of_clips_equal_those_of_the_plain_model_asked_alone(clip_task):
    learner, maker = clip_task.model.eval(), dataclasses.replace(clip_task.clip_maker, facts=False)
    batch = maker.batch([3, 5])
    packed = learner.think(learner.show(batch.pixels, PICTURES), batch).logits
    row = 0
    for one in (clip(3), clip(5)):
        for question in maker.questions(one.graph):
            conversation = question_about(shown(one), question.text)
            inputs = Prompter("it", clip_task.processor, None).prepare(conversation, shown(one), 1)
            alone = learner.llava(**inputs).logits[0, -1]
            torch.testing.assert_close(packed[row], alone, rtol=1e-3, atol=1e-3)
            row += len(maker.tokenizer(" " + question.answer).input_ids) + 1
    assert row == len(packed)


def test_events_are_those_of_the_boxes():
    found = Counter()
    for seed in SEEDS:
        graph = sample_clip(seed)
        changes = changes_of(graph, FRAMES, 16)
        assert not changes.events[0].any()
        for number, (thing, track) in enumerate(zip(graph.scene.objects, graph.tracks, strict=True)):
            there = [number in graph.numbers(frame) for frame in FRAMES]
            for picture in range(1, PICTURES):
                came = there[picture] and not there[picture - 1]
                gone = there[picture - 1] and not there[picture]
                event = "appears" if came else "vanishes" if gone else None
                if event:
                    assert changes.where(thing.kind, (event,), picture).any(), (seed, thing.kind, event)
                    found[event] += 1
            if track.moves:
                way = next(name for name in EVENTS[1:5] if changes.where(thing.kind, (name,)).any())
                assert (track.across < 0, track.across > 0, track.down < 0, track.down > 0) == tuple(
                    way == name for name in ("left", "right", "up", "down")
                )
                found["moves"] += 1
    assert min(found.values()) > 10


def test_labels_of_changes_leave_out_the_first_picture_and_the_background():
    changes = changes_of(sample_clip(3), FRAMES, 16)
    labels = changes.labels().reshape(3, PICTURES, -1)
    assert (labels[:, 0] == UNKNOWN).all()
    nothing = (changes.things[1:] == 0) & (changes.things[:-1] == 0)
    assert ((labels[:2, 1:] == UNKNOWN) == nothing).all()
    assert (labels[2, 1:] == LIGHTS.index("same")).all()
    known = labels[1] != UNKNOWN
    assert (labels[1][known] == changes.before[known]).all()


def test_the_light_goes_where_the_question_says():
    for seed in SEEDS:
        graph = sample_clip(seed)
        said = {question.family: question.answer for question in questions_of_clip(graph)}
        expected = LIGHTS.index(said.get("light_change", "same"))
        assert changes_of(graph, FRAMES, 16).light.tolist() == [0, expected, expected, expected]


@pytest.mark.parametrize("seed", range(25))
def test_facts_about_a_clip_are_true(seed):
    graph = sample_clip(seed)
    changes = changes_of(graph, FRAMES, 16)
    told = clip_facts(graph, FRAMES, changes, Stream(seed))
    assert len({one.about for one in told}) == len(told)
    kinds = [Counter(thing.kind for thing in graph.at(frame).objects) for frame in FRAMES]
    for about, found, _ in told:
        word, _, name = about.partition(" ")
        kind = next((kind for kind in KINDS if name.startswith(kind)), "")
        counts = [count[kind] for count in kinds]
        match word:
            case "first" | "last":
                pictures = [number for number, count in enumerate(counts, start=1) if count]
                assert found == str(pictures[0 if word == "first" else -1])
            case "beginning" | "end":
                assert found == str(counts[0 if word == "beginning" else -1])
            case "become":
                assert found == ("same", "more", "fewer")[int(np.sign(counts[-1] - counts[0]))]
            case "new" | "gone":
                before, after = kinds[int(name) - 2], kinds[int(name) - 1]
                assert set((after - before) if word == "new" else (before - after)) == {found}
            case "way" if found in ("appears", "vanishes", "same"):
                assert (bool(counts[0]), bool(counts[-1])) == (found != "appears", found != "vanishes")


def test_questions_come_with_the_patches_that_answer_them():
    for seed in SEEDS:
        graph = sample_clip(seed)
        changes = changes_of(graph, FRAMES, 16)
        for question in questions_of_clip(graph):
            told = with_place(question, changes)
            assert told.where.any(), question
            if question.family in ("appears", "moves", "order"):
                assert (changes.things.ravel()[told.where] == THINGS.index(question.answer)).all()


def test_every_seed_is_used_once_and_all_are_of_the_training_split(clip_config):
    used = []

    class Recorder:
        def batch(self, seeds):
            used.extend(seeds)

    data = SceneBatches(
        Recorder(), Recorder(), dataclasses.replace(clip_config, batch=16, clips=0.5, first_scene=7)
    )
    for index in range(5):
        data[index]
    assert len(used) == len(set(used)) == 5 * (8 + 2)
    assert {split_of(seed) for seed in used} == {"train"}
    assert min(used) == 7


def test_validation_is_on_clips_of_its_own_split(clip_task, monkeypatch):
    monkeypatch.setattr(validating, "VALIDATION_CLIPS", 2)
    seen = []
    monkeypatch.setattr(validating, "sample_clip", lambda seed, size: seen.append(seed) or sample_clip(seed))
    figures = validating.validate_clips(clip_task.model, clip_task.clip_maker)
    assert {split_of(seed) for seed in seen} == {"validation"}
    assert 0 <= figures["accuracy"] <= 1
    assert "moves" in figures["families"] or "direction" in figures["families"]


def test_a_share_that_leaves_no_clip_or_no_scene_is_refused(clip_config):
    with pytest.raises(ValueError, match="leaves no clip of 4"):
        dataclasses.replace(clip_config, batch=4, clips=0.9)
    with pytest.raises(ValueError, match="frozen_tower"):
        dataclasses.replace(clip_config, frozen_tower=False)
    with pytest.raises(ValueError, match="clips must be from 0 to 1"):
        dataclasses.replace(clip_config, clips=1.0)


def test_the_losses_of_comparing_are_what_attention_misses():
    comparer = Comparer(width=4, patches=2)
    star, ring = THINGS.index("star"), THINGS.index("ring")
    things = torch.tensor(
        [[star, 0, ring, star]]
    )  # two pictures of two patches: the star moves, a ring comes
    patches = torch.full((1, len(PATCH_LABELS), 4), UNKNOWN)
    patches[:, 0] = things
    right, uniform = torch.zeros(1, 4, 4), torch.full((1, 4, 4), 0.25)
    right[0, 2, 0] = right[0, 3, 1] = 1
    assert float(comparer.place_loss(right)) == 0
    assert float(comparer.place_loss(uniform)) == pytest.approx(np.log(4))
    right = torch.zeros(1, 4, 4)
    right[0, 3, 0] = 1  # the ring was nowhere, so that it may look wherever it likes
    same = comparer.same_before(patches)
    assert float(thing_loss(right, same)) == 0
    assert float(thing_loss(uniform, same)) == pytest.approx(np.log(4))
    came = torch.tensor([[UNKNOWN, UNKNOWN, EVENTS.index("appears"), EVENTS.index("right")]])
    assert float(way_loss(torch.zeros(1, 4), right, same, came)) == 0
    went = torch.where(came == EVENTS.index("right"), EVENTS.index("up"), came)
    assert float(way_loss(torch.ones(1, 4), torch.zeros(1, 4, 4), same, went)) == 0
    assert float(way_loss(torch.zeros(1, 4), right, same, went)) > 10


def test_the_end_of_a_question_is_told_where_its_answer_is(clip_task):
    batch = clip_task.clip_maker.batch([3, 5])
    fact = next(
        (row, number)
        for row in range(2)
        for number in range(1, int(batch.segments[row].max()) + 1)
        if batch.looks[row, number].any()
    )
    attention = torch.zeros(2, 2, batch.tokens.shape[1], batch.looks.shape[-1])
    for row in range(2):
        looks = batch.looks[row][batch.segments[row]].float()
        attention[row] = looks / looks.sum(-1, keepdim=True).clamp(min=1)
    assert float(look_loss(attention, batch)) == pytest.approx(0, abs=1e-5)
    row, number = fact
    last = int((batch.segments[row] == number).nonzero()[0])
    attention[row, :, last] = 0  # the first token of a question does not ask yet
    assert float(look_loss(attention, batch)) == pytest.approx(0, abs=1e-5)
    attention[row, :, batch.segments[row] == number] = 0
    assert float(look_loss(attention, batch)) > 0.1


def test_a_run_with_clips_teaches_the_language_model_and_leaves_the_tower(
    start, clip_config, wider, tokenizer, tmp_path
):
    begun = LevelVQATask(dataclasses.replace(clip_config, clips=0.0), wider, tokenizer, workers=0)
    first = TrainingRun(tmp_path / "first", begun, begun.config)
    first.save()
    start(
        tmp_path,
        dataclasses.replace(clip_config, seed=7),
        tower=tmp_path / "first",
        language=tmp_path / "first",
    ).run()
    theirs, ours = load_checkpoint(tmp_path / "first")["model"], load_checkpoint(tmp_path)["model"]
    changed = [key for key in theirs if not torch.equal(ours[key], theirs[key])]
    assert changed
    assert all(key.startswith("llava.") and "vision" not in key for key in changed)
    assert "comparer.change_head.weight" in ours
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert 0 <= rows[-1]["validation"]["clips"]["accuracy"] <= 1
