"""The host's web application: pages, health, and each room's signalling."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from presence.host.pages import page
from presence.host.reception import Reception


def make_app(reception: Reception) -> Starlette:
    """An application that serves the room of ``reception``."""

    async def home(request: Request) -> Response:
        return page("home")

    async def room(request: Request) -> Response:
        known = reception.is_room(request.path_params["room"])
        return page("room") if known else page("nowhere", 404)

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def signalling(websocket: WebSocket) -> None:
        await reception.receive(websocket, websocket.path_params["room"])

    async def carrier(websocket: WebSocket) -> None:
        await reception.switchboard.serve(websocket)

    async def nowhere(request: Request, error: Exception) -> Response:
        return page("nowhere", 404)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", health),
            Route("/r/{room}", room),
            WebSocketRoute("/r/{room}/signalling", signalling),
            WebSocketRoute("/r/{room}/carrier", carrier),
        ],
        exception_handlers={404: nowhere},
    )
