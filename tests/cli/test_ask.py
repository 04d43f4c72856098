import json
from pathlib import Path

import pytest

from cotam import encode, load_mllm
from cotam.cli.options import chosen_adapter


@pytest.fixture
def model(small_llava):
    return small_llava


def answer(model, pictures, question):
    return load_mllm(model).answer(pictures, question, max_new_tokens=4)


def test_one_answer_is_printed_as_it_is(cotam, photo, model):
    ran = cotam("ask", photo, "how many?", "--model", model, "--max-tokens", 4)
    assert ran.code == 0
    assert ran.out.decode() == answer(model, str(photo), "how many?") + "\n"


def test_every_question_is_asked_about_every_picture(cotam, photo, model, tmp_path):
    stream = tmp_path / "photo.cotam"
    stream.write_bytes(encode(photo))
    ran = cotam("ask", photo, stream, "how many?", "red", "--model", model, "--max-tokens", 4, "--json")
    said = json.loads(ran.out)
    asked = [(row["pictures"], row["question"]) for row in said["answers"]]
    assert asked == [([str(p)], q) for p in (photo, stream) for q in ("how many?", "red")]
    assert said["model"] == str(model)
    assert said["answers"][3]["answer"] == answer(model, str(stream), "red")


def test_all_pictures_can_be_asked_about_together(cotam, photo, model):
    ran = cotam("ask", photo, photo, "red", "--together", "--model", model, "--max-tokens", 4, "--json")
    assert json.loads(ran.out)["answers"] == [
        {"pictures": [str(photo)] * 2, "question": "red", "answer": answer(model, [str(photo)] * 2, "red")}
    ]


def test_several_answers_come_as_a_table(cotam, photo, model):
    shown = cotam("ask", photo, "how many?", "[bold]red", "--model", model, "--max-tokens", 1).out.decode()
    assert shown.splitlines()[0].split() == ["picture", "question", "answer"]
    assert "[bold]red" in shown


def test_questions_are_read_from_standard_input(cotam, photo, model):
    ran = cotam(
        "ask", photo, "-", "--model", model, "--max-tokens", 1, "--json", stdin=b"how many?\n\n red \n"
    )
    assert [row["question"] for row in json.loads(ran.out)["answers"]] == ["how many?", "red"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["PHOTO", "x", "--model", "MODEL", "--mode", "neck"],
            2,
            "mode 'neck' needs a neck, and none is loaded",
        ),
        (["PHOTO", "x", "--model", "MODEL", "--mode", "pixel"], 2, "--mode"),
        (
            ["PHOTO", "x", "--model", "MODEL", "--adapter", "nowhere"],
            1,
            "unknown adapter 'nowhere'; known adapters:",
        ),
        (["how many?"], 2, "how many?: no such picture; name pictures first, then questions"),
        (["missing.png", "how many?"], 2, "missing.png: no such file or folder"),
        (["PHOTO"], 2, "no question: ask one, as in: cotam ask picture.png"),
        (["PHOTO", "-"], 2, "no question"),
        (["PHOTO", "x", "--model", "./nowhere"], 1, "./nowhere: no such folder; pass a local folder"),
        (["PHOTO", "<image>", "--model", "MODEL"], 2, "leave <image> out of the question"),
        (["PHOTO", "x", "--max-tokens", "0"], 2, "--max-tokens"),
    ],
)
def test_what_cannot_be_asked_is_one_line(cotam, photo, model, words, code, said):
    names = {"PHOTO": photo, "MODEL": model}
    ran = cotam("ask", *(names.get(word, word) for word in words))
    assert ran.code == code
    assert said in ran.problem


def test_what_is_no_picture_is_named(cotam, model, tmp_path):
    path = Path(tmp_path / "notes.txt")
    path.write_text("no picture")
    ran = cotam("ask", path, "red", "--model", model)
    assert ran.code == 1
    assert f"{path}: is not a picture" in ran.problem


def test_a_stream_is_asked_about_through_an_adapter_or_as_pixels(
    cotam, stream, model, small_adapter, random_model_path
):
    def said(*options):
        codec = ("--codec", random_model_path, "--max-tokens", 4)
        return cotam("ask", stream, "red", "--model", model, *codec, *options).out.decode().strip()

    mllm = load_mllm(model, adapter=small_adapter, codec=random_model_path)
    for mode in ("auto", "pixels", "adapter"):
        expected = mllm.answer(str(stream), "red", mode=mode, max_new_tokens=4)
        assert said("--adapter", small_adapter, "--mode", mode) == expected
    assert said() == mllm.answer(str(stream), "red", mode="pixels", max_new_tokens=4)


def test_a_stream_of_a_codec_that_is_not_here_is_named(cotam, stream, model):
    ran = cotam("ask", stream, "red", "--model", model)
    assert ran.code == 1
    assert f"{stream}: the stream was made with model" in ran.problem


def test_the_adapter_that_ships_is_taken_unless_told_otherwise():
    assert [chosen_adapter(text) for text in (None, "none", "mine")] == ["auto", None, "mine"]
