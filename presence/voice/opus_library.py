"""The Opus codec's library by ctypes: as much of it as packs and unpacks voices, and its numbers.

PyAV, which brings it, hides what a call needs most: forward error correction, concealment and
discontinuous transmission. So its copy of the library is called directly; that is the same version
on every system, and is there wherever calls are. A library of the system's own serves where PyAV
was built without one. The numbers are those of the headers ``opus.h`` and ``opus_defines.h``.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.util
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_void_p
from pathlib import Path
from typing import Any

from presence.errors import UsageError

APPLICATION_VOIP = 2048
SET_BITRATE = 4002
SET_COMPLEXITY = 4010
SET_INBAND_FEC = 4012
SET_PACKET_LOSS_PERC = 4014
SET_DTX = 4016
SET_SIGNAL = 4024
SIGNAL_VOICE = 3001

_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "opus_get_version_string": (c_char_p, ()),
    "opus_strerror": (c_char_p, (c_int,)),
    "opus_encoder_create": (c_void_p, (c_int32, c_int, c_int, POINTER(c_int))),
    "opus_encoder_destroy": (None, (c_void_p,)),
    # What follows the two is said with each call: where variable arguments are passed in a way of
    # their own (64-bit ARM of Apple's) ctypes does so only for those that are not declared.
    "opus_encoder_ctl": (c_int, (c_void_p, c_int)),
    "opus_encode_float": (c_int32, (c_void_p, c_void_p, c_int, c_void_p, c_int32)),
    "opus_decoder_get_size": (c_int, (c_int,)),
    "opus_decoder_create": (c_void_p, (c_int32, c_int, POINTER(c_int))),
    "opus_decoder_destroy": (None, (c_void_p,)),
    "opus_decode_float": (c_int, (c_void_p, c_char_p, c_int32, POINTER(c_float), c_int, c_int)),
}


class OpusMissingError(UsageError):
    """The Opus library is not on this machine."""


@functools.cache
def load_opus() -> Any:
    """The library, its functions declared.

    Raises:
        OpusMissingError: there is none, or it is too old.
    """
    for path in _places():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        if _declare(library):
            return library
    raise OpusMissingError(
        "the Opus library, without which nobody is heard, is not here: "
        "install presence with its extra voice, or the system's own (Debian's is libopus0)"
    )


def _places() -> Iterator[str]:
    """Where the library may be, best first."""
    spec = importlib.util.find_spec("av")
    for package in (spec.submodule_search_locations or ()) if spec else ():
        # Beside the package on Linux and Windows, in it on macOS.
        for folder in (Path(package).with_name("av.libs"), Path(package) / ".dylibs"):
            yield from (str(path) for path in sorted(folder.glob("libopus*")))
    for name in (ctypes.util.find_library("opus"), "libopus.so.0"):
        if name:
            yield name


def _declare(library: Any) -> bool:
    for name, (returns, takes) in _SIGNATURES.items():
        function = getattr(library, name, None)
        if function is None:
            return False
        function.restype, function.argtypes = returns, takes
    return True
