"""Routes of the page: itself, what it may choose from, and the coding of a picture."""

import asyncio
import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import HTMLResponse

from cotam.serving.demo.rendering import Wish, render
from cotam.serving.description import KEY_SCHEME, PROBLEMS
from cotam.serving.entrance import ENCODE
from cotam.serving.errors import invalid
from cotam.serving.receiving import read_body, within
from cotam.serving.settings import Settings

BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Quality = Annotated[float, Query(ge=1, le=100, description="Larger is better.")]
Strength = Annotated[float, Query(ge=0.5, le=50, description="Quality from one level to the next.")]
MaxBytes = Annotated[int | None, Query(ge=1, le=2**31, description="Most bytes, instead of a quality.")]


def demo_routes(app: FastAPI, settings: Settings) -> APIRouter:
    """Make the routes.

    Args:
        app: whose description ``/docs`` shows.
        settings: limits, and the guidance on offer.
    """
    router = APIRouter(tags=["page"])
    working = asyncio.Lock()

    @router.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> HTMLResponse:
        return _page("page.html")

    @router.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return _page("docs.html", html.escape(json.dumps(app.openapi())))

    @router.get("/demo/options", summary="What the page may choose from")
    async def options() -> dict[str, Any]:
        """Guidance, and whether a key is needed."""
        return {"guidance": list(settings.guidance), "key_needed": bool(settings.api_keys)}

    @router.post(
        ENCODE,
        summary="Encode a picture and compare",
        openapi_extra={**BODY, **KEY_SCHEME},
        responses=PROBLEMS,
    )
    async def encode(
        request: Request,
        quality: Quality = 40,
        guidance: str = "uniform",
        strength: Strength = 10,
        max_bytes: MaxBytes = None,
    ) -> dict[str, Any]:
        """The stream, what it decodes to, JPEG in as many bytes, and the importance of the picture's parts."""
        if guidance not in settings.guidance:
            raise invalid(f"is none of {', '.join(settings.guidance)}", param="guidance")
        data = await read_body(request, settings.limits)
        wish = Wish(quality, guidance, strength, max_bytes)
        return await within(request, settings.limits.request_seconds, work(data, wish))

    async def work(data: bytes, wish: Wish) -> dict[str, Any]:
        async with working:  # one at a time: the page must not take the model's processor away
            try:
                return await asyncio.to_thread(render, data, wish, settings.limits.pixels)
            except ValueError as error:
                raise invalid(str(error)) from error

    return router


def _page(name: str, content: str = "") -> HTMLResponse:
    text, policy = _read(name)
    return HTMLResponse(text.replace("{{content}}", content), headers=policy)


@cache
def _read(name: str) -> tuple[str, dict[str, str]]:
    """A page of this package, and a policy that lets it run its own script and reach this server alone."""
    text = files("cotam.serving.demo").joinpath(name).read_text("utf-8")
    hashes = {tag: _hashes(text, tag) for tag in ("script", "style")}
    policy = (
        f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; "
        "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text, {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def _hashes(text: str, tag: str) -> str:
    blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in blocks]
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
