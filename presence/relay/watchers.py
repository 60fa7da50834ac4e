"""Pages for those who watch over a relay, at an address of their own."""

from __future__ import annotations

import contextlib
import http
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from presence.relay.door import health_page
from presence.relay.logs import quiet_logger
from presence.transport.listening import listen

if TYPE_CHECKING:
    from presence.relay.server import Relay


@contextlib.asynccontextmanager
async def watched(relay: Relay, address: str, port: int) -> AsyncIterator[int]:
    """Tell Prometheus, and whoever asks, how a relay is; gives the port.

    Raises:
        HostError: the port cannot be had.
    """
    # Here, since only whoever asks for it needs the library.
    from presence.relay.metrics import Metrics

    metrics = Metrics(relay)

    def answer(connection: ServerConnection, request: Request) -> Response:
        path = request.path.partition("?")[0]
        if path == "/metrics":
            text, content_type = metrics.page(request.headers.get("Accept", ""))
            response = connection.respond(http.HTTPStatus.OK, text)
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = content_type
            return response
        page = health_page(path, relay.door.why_not_ready)
        return connection.respond(*(page or (http.HTTPStatus.NOT_FOUND, "nothing is here\n")))

    async def nobody(connection: ServerConnection) -> None:
        """Every request was answered by a page."""

    listening = listen(address, port, "presence relay", "--metrics")
    with contextlib.closing(listening):
        async with serve(
            nobody, sock=listening, process_request=answer, server_header=None,
            logger=quiet_logger(),
        ) as server:  # fmt: skip
            yield server.sockets[0].getsockname()[1]
