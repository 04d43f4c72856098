"""Running the application until it is told to stop; then it lets nobody in and finishes what it has begun."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cotam.serving.admission import Gate

LAST_SECONDS = 1
"""Time for connections to close after the last request."""


class DrainingServer(uvicorn.Server):
    """A server that on the first SIGTERM or SIGINT drains, and on the second one stops at once."""

    def __init__(self, config: uvicorn.Config, gate: Gate, drain_seconds: float) -> None:
        """Take the gate that is closed first."""
        super().__init__(config)
        self._gate, self._drain_seconds = gate, drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until stopped."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Answer a signal."""
        if self._gate.draining or self._loop is None:
            self.should_exit = True
            self.force_exit = sig == signal.SIGINT
            return
        self._gate.draining = True
        self._loop.call_soon_threadsafe(self._begin_to_drain)

    def _begin_to_drain(self) -> None:
        self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        await self._gate.drain(self._drain_seconds)
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """Take a port, before anything slow is done.

    Args:
        host: name or address of this machine.
        port: 0 for any that is free.

    Raises:
        ValueError: it is in use, or cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ValueError(f"the host {host} is none of this machine ({error.strerror})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        hint = (
            "is in use; choose another with --port"
            if error.errno == errno.EADDRINUSE
            else f"({error.strerror})"
        )
        raise ValueError(f"port {port} of {host} cannot be had: it {hint}") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(
    app: FastAPI,
    listener: socket.socket,
    *,
    drain_seconds: float = 30.0,
    access_log: bool = False,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        app: from `create_app`.
        listener: from `bind`.
        drain_seconds: time that requests in flight have to finish.
        access_log: whether every request is logged: its path, never its headers or body.
        started: called just before requests are accepted.
    """
    server = make_server(app, drain_seconds, access_log=access_log)
    started()
    server.run([listener])


def make_server(app: FastAPI, drain_seconds: float = 30.0, *, access_log: bool = False) -> DrainingServer:
    """Make the server without running it."""
    config = uvicorn.Config(
        app,
        log_level="info" if access_log else "warning",
        access_log=access_log,
        timeout_graceful_shutdown=LAST_SECONDS,
        server_header=False,
    )
    return DrainingServer(config, app.state.gate, drain_seconds)
