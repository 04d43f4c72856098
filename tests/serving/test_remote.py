"""Pictures by address: refused, or fetched from where it was checked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

import cotam
from cotam.serving import create_app
from cotam.serving.remote import RemoteImages, is_public

QUESTION = "how many stars are there?"
Serve = Callable[..., Any]


def url_part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are_known() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_remote_pictures_are_refused(local: Any) -> None:
    for url in ("http://127.0.0.1/x.png", "https://example.com/x.png", "HTTP://example.com/x.png"):
        error = local.error(local.ask(url_part(url), QUESTION), 400)
        assert (error["param"], error["code"]) == ("messages[0].content[0]", "remote_image")


def test_an_allowed_host_with_a_private_address_is_refused() -> None:
    async def both(_: str, __: int) -> list[str]:
        return ["93.184.215.14", "127.0.0.1"]

    images = RemoteImages(["pictures.example"], 1000, look_up=both)
    with pytest.raises(cotam.CotamError, match="private address"):
        asyncio.run(images.fetch("http://pictures.example/x.png", "here"))
    with pytest.raises(cotam.CotamError, match="not fetched here"):
        asyncio.run(images.fetch("http://pictures.example.evil.example/x.png", "here"))
    with pytest.raises(cotam.CotamError, match="not fetched here"):
        asyncio.run(images.fetch("http://pictures.example@127.0.0.1/x.png", "here"))


def test_pictures_of_an_allowed_host_are_fetched_from_the_address_that_was_checked(
    serve_app: Serve, photo: Image.Image
) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import RedirectResponse, Response
    from starlette.routing import Route

    seen: list[str] = []
    stream = cotam.encode(photo, 30)

    def give(request: Request) -> Response:
        seen.append(request.headers["host"])
        found = {"/photo": Response(stream), "/large": Response(b"x" * 10_000)}
        return found.get(request.url.path, RedirectResponse("/photo"))

    site = Starlette(routes=[Route("/{name}", give)])
    site.state.gate = create_app(lambda _: None).state.gate
    with serve_app(site) as served:
        port = served.client.base_url.port

        async def look_up(_: str, __: int) -> list[str]:
            return ["127.0.0.1"]

        images = RemoteImages(["pictures.example"], 9000, look_up=look_up, permitted=lambda _: True)
        base = f"http://pictures.example:{port}"
        assert asyncio.run(images.fetch(f"{base}/photo", "here")) == stream
        assert seen == [f"pictures.example:{port}"]
        with pytest.raises(cotam.CotamError, match="more than 9000 bytes"):
            asyncio.run(images.fetch(f"{base}/large", "here"))
        with pytest.raises(cotam.CotamError, match="answers 307"):
            asyncio.run(images.fetch(f"{base}/elsewhere", "here"))
