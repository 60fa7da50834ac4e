"""OpenAL Soft by ctypes: as much of it as renders into memory, and its numbers.

The numbers are those of the headers ``al.h``, ``alc.h``, ``alext.h`` and ``efx.h``. The
functions of the extensions ALC_SOFT_loopback, ALC_SOFT_HRTF, ALC_EXT_thread_local_context,
AL_SOFT_deferred_updates and ALC_EXT_EFX are exported by the library like the rest.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from ctypes import POINTER, c_char_p, c_float, c_int, c_uint, c_void_p
from typing import Any

from presence.errors import UsageError

ALC_FREQUENCY = 0x1007
ALC_FORMAT_CHANNELS_SOFT = 0x1990
ALC_FORMAT_TYPE_SOFT = 0x1991
ALC_STEREO_SOFT = 0x1501
ALC_FLOAT_SOFT = 0x1406
ALC_HRTF_SOFT = 0x1992
ALC_OUTPUT_LIMITER_SOFT = 0x199A
ALC_MAX_AUXILIARY_SENDS = 0x20003

AL_POSITION = 0x1004
AL_BUFFER = 0x1009
AL_BUFFERS_PROCESSED = 0x1016
AL_REFERENCE_DISTANCE = 0x1020
AL_MAX_DISTANCE = 0x1023
AL_INVERSE_DISTANCE_CLAMPED = 0xD002
AL_FORMAT_MONO_FLOAT32 = 0x10010

AL_AUXILIARY_SEND_FILTER = 0x20006
AL_EFFECT_TYPE = 0x8001
AL_EFFECT_REVERB = 0x0001
AL_REVERB_DENSITY = 0x0001
AL_REVERB_GAIN = 0x0003
AL_REVERB_GAINHF = 0x0004
AL_REVERB_DECAY_TIME = 0x0005
AL_REVERB_REFLECTIONS_GAIN = 0x0007
AL_REVERB_REFLECTIONS_DELAY = 0x0008
AL_REVERB_LATE_GAIN = 0x0009
AL_REVERB_LATE_DELAY = 0x000A
AL_EFFECTSLOT_EFFECT = 0x0001

_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "alcLoopbackOpenDeviceSOFT": (c_void_p, (c_char_p,)),
    "alcIsRenderFormatSupportedSOFT": (ctypes.c_char, (c_void_p, c_int, c_int, c_int)),
    "alcCreateContext": (c_void_p, (c_void_p, c_void_p)),
    "alcSetThreadContext": (ctypes.c_char, (c_void_p,)),
    "alcDestroyContext": (None, (c_void_p,)),
    "alcCloseDevice": (ctypes.c_char, (c_void_p,)),
    "alcGetIntegerv": (None, (c_void_p, c_int, c_int, POINTER(c_int))),
    "alcRenderSamplesSOFT": (None, (c_void_p, c_void_p, c_int)),
    "alGetError": (c_int, ()),
    "alDeferUpdatesSOFT": (None, ()),
    "alProcessUpdatesSOFT": (None, ()),
    "alDistanceModel": (None, (c_int,)),
    "alGenSources": (None, (c_int, c_void_p)),
    "alDeleteSources": (None, (c_int, c_void_p)),
    "alSourcei": (None, (c_uint, c_int, c_int)),
    "alSource3i": (None, (c_uint, c_int, c_int, c_int, c_int)),
    "alSourcef": (None, (c_uint, c_int, c_float)),
    "alSourcefv": (None, (c_uint, c_int, c_void_p)),
    "alGetSourcei": (None, (c_uint, c_int, POINTER(c_int))),
    "alSourcePlay": (None, (c_uint,)),
    "alSourceStop": (None, (c_uint,)),
    "alSourceRewind": (None, (c_uint,)),
    "alSourceQueueBuffers": (None, (c_uint, c_int, c_void_p)),
    "alSourceUnqueueBuffers": (None, (c_uint, c_int, c_void_p)),
    "alGenBuffers": (None, (c_int, c_void_p)),
    "alDeleteBuffers": (None, (c_int, c_void_p)),
    "alBufferData": (None, (c_uint, c_int, c_void_p, c_int, c_int)),
    "alGenEffects": (None, (c_int, c_void_p)),
    "alDeleteEffects": (None, (c_int, c_void_p)),
    "alEffecti": (None, (c_uint, c_int, c_int)),
    "alEffectf": (None, (c_uint, c_int, c_float)),
    "alGenAuxiliaryEffectSlots": (None, (c_int, c_void_p)),
    "alDeleteAuxiliaryEffectSlots": (None, (c_int, c_void_p)),
    "alAuxiliaryEffectSloti": (None, (c_uint, c_int, c_int)),
}


class OpenALMissingError(UsageError):
    """OpenAL Soft, or what we need of it, is not on this machine."""


def load_openal() -> Any:
    """The library, its functions declared.

    Raises:
        OpenALMissingError: it is not installed, or too old.
    """
    for name in ("libopenal.so.1", ctypes.util.find_library("openal") or ""):
        try:
            library = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if library is not None:
            break
    else:
        raise OpenALMissingError("OpenAL Soft is not installed (Debian's package is libopenal1)")
    if library is None:
        raise OpenALMissingError("OpenAL Soft is not installed (Debian's package is libopenal1)")
    for name, (returns, takes) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise OpenALMissingError(
                f"this OpenAL has no {name}: install OpenAL Soft 1.19 or newer "
                "(Debian's package is libopenal1)"
            ) from None
        function.restype, function.argtypes = returns, takes
    return library
