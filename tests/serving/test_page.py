"""The page: what it asks the server for, and itself in a browser where there is one."""

import base64
import importlib.util
import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import cotam
from cotam.serving.pictures import encoded, read_data_url

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WHY_NOT = "no Chromium is installed" if CHROMIUM is None else "the package playwright is not installed"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def coded(local: Any, data: bytes, **wish: Any) -> Any:
    return local.client.post("/demo/encode", content=data, params=wish)


def test_a_picture_comes_back_as_stream_picture_and_jpeg(local: Any, make_photo: Callable[..., Any]) -> None:
    photo = make_photo(160, 120)
    found = coded(local, encoded(photo, "PNG"), quality=50).json()
    stream = read_data_url(found["cotam"]["stream"], "stream")
    assert stream == cotam.encode(photo, 50)
    assert found["cotam"]["bytes"] == len(stream)
    assert (found["width"], found["height"], found["importance"]) == (160, 120, None)
    jpeg = found["jpeg"]
    assert jpeg["bytes"] == len(read_data_url(jpeg["picture"], "jpeg"))
    assert jpeg["bytes"] <= len(stream) or not jpeg["fits"]
    shown = read_data_url(found["cotam"]["picture"], "picture")
    assert Image.open(io.BytesIO(shown)).size == (160, 120)


def test_guidance_and_a_budget_reach_the_codec(local: Any, make_photo: Callable[..., Any]) -> None:
    data = encoded(make_photo(160, 120), "PNG")
    guided = coded(local, data, guidance="saliency", strength=20).json()
    assert guided["importance"].startswith("data:image/png;base64,")
    info = cotam.read_info(read_data_url(guided["cotam"]["stream"], "stream"))
    assert info.level_map is not None
    assert info.level_map.strength == 20
    small = coded(local, data, max_bytes=700).json()
    assert small["cotam"]["bytes"] <= 700


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"quality": 0}, "query.quality"),
        ({"quality": "much"}, "query.quality"),
        ({"guidance": "map:/etc/passwd"}, "guidance"),
        ({"guidance": "someone/tower"}, "guidance"),
        ({"strength": 99}, "query.strength"),
    ],
)
def test_wishes_that_are_not_on_offer_are_refused(
    local: Any, photo: Image.Image, wish: dict[str, Any], param: str
) -> None:
    assert local.error(coded(local, encoded(photo, "PNG"), **wish), 400)["param"] == param


def test_what_is_no_picture_is_refused(local: Any, photo: Image.Image) -> None:
    assert local.error(coded(local, b"hello"), 400)["code"] == "bad_image"
    assert local.error(coded(local, encoded(photo, "PNG"), max_bytes=3), 400)["code"] == "invalid_value"


def test_the_pages_name_no_other_host_and_forbid_all_but_their_own_script(local: Any) -> None:
    for path in ("/", "/docs"):
        reply = local.client.get(path)
        assert reply.headers["content-type"].startswith("text/html")
        assert not re.findall(r"(?:https?:)?//[a-z]", reply.text)
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert policy.count("'sha256-") == 2
        assert not re.search(r"\son[a-z]+=|\sstyle=", reply.text)


def test_every_control_of_the_page_has_a_label(local: Any) -> None:
    page = local.client.get("/").text
    controls = re.findall(r"<(?:input|select|textarea)\b[^>]*>", page)
    assert len(controls) >= 10
    for control in controls:
        name = re.search(r'id="([^"]+)"', control)
        labelled = name is not None and f'for="{name[1]}"' in page
        inside = re.search(r"<label[^>]*>(?:(?!</label>).)*" + re.escape(control), page, re.DOTALL)
        assert labelled or inside, control


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
        pytest.skip(WHY_NOT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_works_in_a_browser(
    local: Any, browser: Any, size: dict[str, int], tmp_path: Path, make_photo: Callable[..., Any]
) -> None:
    make_photo(320, 240, 3).save(tmp_path / "photo.png")
    page = browser.new_page(viewport=size)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request", lambda request: problems.append(request.url) if "127.0.0.1" not in request.url else None
    )
    page.goto(local.url)
    page.set_input_files("#file", tmp_path / "photo.png")
    page.wait_for_selector("#view:not([hidden])", timeout=20_000)
    before = page.inner_text("#cotam-bytes")
    page.select_option("#guidance", "saliency")
    page.wait_for_selector("#heat-map:not([hidden])", timeout=20_000)
    page.focus("#quality")
    page.keyboard.press("Home")
    page.wait_for_function(
        "old => document.getElementById('cotam-bytes').textContent !== old", arg=before, timeout=20_000
    )
    page.focus("#split")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#split", "aria-valuetext") == "51 per cent"
    page.focus("#question")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.getElementById('status').textContent === 'Both have been asked.'", timeout=20_000
    )
    assert "kB" in page.inner_text("#answer-original-title") or "bytes" in page.inner_text(
        "#answer-cotam-title"
    )
    assert page.inner_text("#answer-cotam").strip()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert problems == []
    page.goto(f"{local.url}/docs")
    assert "POST /v1/chat/completions" in page.inner_text("main")
    assert problems == []
    page.close()


def test_the_drawing_is_for_those_without_a_picture(local: Any, browser: Any) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(local.url)
    page.focus("#sample")
    page.keyboard.press("Enter")
    page.wait_for_selector("#view:not([hidden])", timeout=20_000)
    assert page.get_attribute("#save", "href").startswith("data:image/x-cotam;base64,")
    stream = base64.b64decode(page.get_attribute("#save", "href").partition(",")[2])
    assert cotam.read_info(stream).width == 480
    page.close()
