"""How inner loops are compiled, and where their machine code is kept."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

_SHARED = "pose"
"""The package beside a loop's own whose constants and loops are compiled into it."""

_Function = Callable[..., Any]


def compiled(function: _Function) -> _Function:
    """``function``, which Python calls, as machine code, made when first called and kept on disk.

    It lets go of Python's lock while it runs.
    """
    return _compiled(function)


def inner(function: _Function) -> _Function:
    """Likewise one that only machine code calls, and that makes no arrays.

    numba counts who uses an array, with an atomic instruction for each argument of each call. Half
    the time of a frame went there; who makes no array need not count.
    """
    return _compiled(function, _nrt=False)


def inlined(function: _Function) -> _Function:
    """Likewise a small one, or one with one caller: it becomes a part of its callers."""
    return _compiled(function, _nrt=False, forceinline=True)


def _compiled(function: _Function, **options: bool) -> _Function:
    _forget_what_is_stale(Path(inspect.getfile(function)).parent)
    made: _Function = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    return made


@cache
def _forget_what_is_stale(package: Path) -> None:
    """Remove a package's machine code that was made of other sources.

    numba looks only at the file of a function itself; constants and functions of other files are
    compiled in all the same. So the sources of the whole package are hashed.
    """
    sources = sorted({*package.glob("*.py"), *(package.parent / _SHARED).glob("*.py")})
    digest = hashlib.sha256(numba.__version__.encode())
    digest.update(Path(__file__).read_bytes())
    for source in sources:
        digest.update(source.read_bytes())
    kept = package / "__pycache__"
    stamp = kept / "compiled.sha256"
    # Where nothing can be written, numba keeps it in the user's own cache folder.
    with contextlib.suppress(OSError):
        if not stamp.exists() or stamp.read_text() != digest.hexdigest():
            for stale in [*kept.glob("*.nbi"), *kept.glob("*.nbc")]:
                stale.unlink(missing_ok=True)
            kept.mkdir(exist_ok=True)
            stamp.write_text(digest.hexdigest())
