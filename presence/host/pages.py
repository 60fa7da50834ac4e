"""The host's pages: how to join, for whoever opens a room link in a browser.

Their security policy lets them load and send nothing, so the secret in the link's fragment stays
in the browser.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse

_FOLDER = Path(__file__).parent


def page(name: str, status: int = 200) -> HTMLResponse:
    """The page ``home``, ``room`` or ``nowhere``."""
    nonce = secrets.token_urlsafe(16)
    html = _html("page").replace("{body}", _html(name)).replace("{nonce}", nonce)
    return HTMLResponse(
        html,
        status,
        headers={
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


@cache
def _html(name: str) -> str:
    return (_FOLDER / f"{name}.html").read_text(encoding="utf-8")
