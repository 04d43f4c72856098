"""The API with a model in the process: answers, streams, pictures of every format."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image, features

import cotam
from cotam.client import image_part
from cotam.mllm import Mllm
from cotam.serving.pictures import data_url, encoded

QUESTION = "how many stars are there?"
Photo = Callable[..., Image.Image]


def part_of(data: bytes, mime: str) -> dict[str, Any]:
    url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def events(text: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_an_answer_has_openais_shape_and_is_the_models_own(
    local: Any, mllm: Mllm, part: dict[str, Any]
) -> None:
    reply = local.ask(part, QUESTION).json()
    stream = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    own = mllm.answer(stream, QUESTION, max_new_tokens=6)
    assert own
    assert reply["object"] == "chat.completion"
    assert reply["model"] == "small"
    (choice,) = reply["choices"]
    assert choice["message"] == {"role": "assistant", "content": own}
    assert choice["finish_reason"] in ("stop", "length")


def test_usage_counts_what_the_model_reads_and_writes(local: Any, mllm: Mllm, part: dict[str, Any]) -> None:
    usage = local.ask(part, QUESTION).json()["usage"]
    without = local.ask(QUESTION).json()["usage"]
    prompt = mllm.processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}],
        add_generation_prompt=True,
        tokenize=False,
    )
    seen = mllm.processor(text=[prompt], images=[[Image.new("RGB", (72, 64))]], add_special_tokens=False)
    assert usage["prompt_tokens"] == len(seen["input_ids"][0])
    assert usage["prompt_tokens"] == without["prompt_tokens"] + 16
    assert 1 <= usage["completion_tokens"] <= 6
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_says_the_same_in_events(local: Any, part: dict[str, Any]) -> None:
    response = local.ask(part, QUESTION, stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, last = events(response.text)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == local.text(part, QUESTION)
    assert len(deltas) > 4, "more than one piece: words come as they are written"
    assert chunks[-1]["choices"][0]["finish_reason"] in ("stop", "length")
    assert last["choices"] == []
    assert last["usage"] == local.ask(part, QUESTION).json()["usage"]
    assert len({chunk["id"] for chunk in [*chunks, last]}) == 1


@pytest.mark.parametrize("mime", ["image/x-cotam", "image/cotam", "image/png"])
def test_a_stream_is_known_by_its_first_bytes_whatever_its_type_says(
    local: Any, part: dict[str, Any], mime: str
) -> None:
    stream = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    assert local.text(part_of(stream, mime), QUESTION) == local.text(part, QUESTION)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_ordinary_pictures_are_taken_too(local: Any, mllm: Mllm, photo: Image.Image, name: str) -> None:
    if name == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    data = encoded(photo, name)
    answer = local.text(part_of(data, f"image/{name.lower()}"), QUESTION)
    assert answer == mllm.answer(data, QUESTION, max_new_tokens=6)


def test_a_url_may_stand_for_its_object(local: Any, part: dict[str, Any]) -> None:
    short = {"type": "image_url", "image_url": part["image_url"]["url"]}
    assert local.text(short, QUESTION) == local.text(part, QUESTION)


def test_several_pictures_in_one_question(local: Any, mllm: Mllm, make_photo: Photo) -> None:
    streams = [cotam.encode(make_photo(seed=seed), 30) for seed in (1, 2, 3)]
    answer = local.text(*(image_part(stream) for stream in streams), QUESTION)
    assert answer == mllm.answer(streams, QUESTION, max_new_tokens=6)
    assert answer == local.text(QUESTION, *(image_part(stream) for stream in streams))


def test_a_conversation_goes_on(local: Any, mllm: Mllm, part: dict[str, Any], photo: Image.Image) -> None:
    text = {"type": "text", "text": QUESTION}
    later = [
        {"role": "assistant", "content": "seven"},
        {"role": "user", "content": "what colour is the star?"},
    ]
    first = {"role": "user", "content": [part, text]}
    system = {"role": "developer", "content": "be short"}
    reply = local.post({**local.body(), "messages": [system, first, *later]})
    stream = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    own = [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": [{"type": "image", "image": stream}, text]},
        *later,
    ]
    assert reply.json()["choices"][0]["message"]["content"] == mllm.chat(own, max_new_tokens=6)


def test_different_pictures_have_different_answers(local: Any, make_photo: Photo) -> None:
    answers = {local.text(image_part(make_photo(seed=seed)), QUESTION) for seed in range(6)}
    assert len(answers) > 1


def test_an_answer_ends_before_a_stop(local: Any, part: dict[str, Any]) -> None:
    whole = local.text(part, QUESTION)
    stop = whole[len(whole) // 2 :][:2]
    assert local.text(part, QUESTION, stop=[stop]) == whole.partition(stop)[0]
    streamed = events(local.ask(part, QUESTION, stop=[stop], stream=True).text)
    said = [chunk["choices"][0]["delta"].get("content", "") for chunk in streamed]
    assert "".join(said) == whole.partition(stop)[0]


def test_a_stream_that_cannot_begin_has_a_status(local: Any, part: dict[str, Any]) -> None:
    assert local.error(local.ask(part, "star " * 2000, stream=True), 400)["code"] == "not_answerable"


def test_questions_asked_at_once_are_answered_in_batches_and_as_if_alone(
    local: Any, make_photo: Photo
) -> None:
    parts = [image_part(make_photo(seed=seed)) for seed in range(12)]
    alone = [local.text(part, QUESTION) for part in parts]
    before = local.count("cotam_batch_size_count"), local.count("cotam_batch_size_sum")
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda part: local.text(part, QUESTION), parts))
    batches = local.count("cotam_batch_size_count") - before[0]
    assert together == alone
    assert local.count("cotam_batch_size_sum") - before[1] == 12
    assert batches < 12


def test_one_bad_request_of_a_batch_does_not_hurt_the_others(local: Any, part: dict[str, Any]) -> None:
    good = local.text(part, QUESTION)
    too_long = "star " * 2000
    with ThreadPoolExecutor(6) as pool:
        asked = [too_long if number % 3 == 0 else QUESTION for number in range(6)]
        replies = list(pool.map(lambda text: local.ask(part, text), asked))
    for text, reply in zip(asked, replies, strict=True):
        if text == too_long:
            error = local.error(reply, 400)
            assert error["code"] == "not_answerable"
            assert "tokens" in error["message"]
        else:
            assert reply.json()["choices"][0]["message"]["content"] == good


def test_the_model_is_listed(local: Any) -> None:
    listed = local.client.get("/v1/models").json()
    assert [model["id"] for model in listed["data"]] == ["small"]


def test_counters_tell_what_was_received_and_saved(local: Any, photo: Image.Image) -> None:
    stream = cotam.encode(photo, 20)
    names = ("cotam_image_bytes_received_total", "cotam_image_bytes_saved_total", "cotam_images_total")
    before = [local.count(name) for name in names]
    local.text(image_part(stream), QUESTION)
    received, saved, images = (local.count(name) - old for name, old in zip(names, before, strict=True))
    jpeg = encoded(cotam.decode(stream).convert("RGB"), "JPEG", quality=90)
    assert (received, saved, images) == (len(stream), len(jpeg) - len(stream), 1)
    assert local.count("cotam_decode_seconds_sum") > 0
    assert local.count("cotam_model_seconds_sum") > 0
    assert local.count("cotam_queue_length") == 0


def test_the_description_names_every_route(local: Any) -> None:
    schema = local.client.get("/openapi.json").json()
    assert {"/v1/chat/completions", "/v1/models", "/healthz", "/readyz", "/metrics"} <= set(schema["paths"])
    assert {"ChatRequest", "Message", "Error"} <= set(schema["components"]["schemas"])
    assert local.client.get("/healthz").json() == {"status": "ok"}
    assert local.client.get("/readyz").json() == {"status": "ready"}


def test_data_urls_of_this_package_are_read_back(photo: Image.Image) -> None:
    from cotam.serving.pictures import read_data_url

    assert read_data_url(data_url(encoded(photo, "PNG"), "png"), "here") == encoded(photo, "PNG")
