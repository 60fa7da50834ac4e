"""The tree of errors.

Every error that this package raises on purpose descends from :class:`PresenceError`, and its
message says what happened, to what, and what to do next::

    PresenceError
    ├── UsageError            the person or the caller asked for something that cannot be
    │   ├── LinkError         a room link that is not one
    │   └── SourceError       a motion, face or avatar file that cannot be used
    ├── WireError             bytes from the network that are not what they claim to be
    │   ├── EnvelopeError     a malformed envelope or bundle
    │   ├── ControlError      a malformed control or profile payload
    │   ├── SealError         a section, key or identity that is not from whom it claims to be
    │   │   └── UnknownKeyError  an envelope whose key has not come yet
    │   └── SignallingError   a malformed signalling message
    ├── CodecError            a frame that cannot be decoded
    │   └── MissingReferenceError  the frame that it refers to has not been received
    ├── TransportError        a connection that could not be made or kept
    ├── HostError             the room host cannot be reached, or refused
    ├── SoundError            no sound device, or it cannot be opened
    ├── CameraError           no camera, or it cannot be opened; nothing that could look through it
    ├── HeadsetError          OpenXR: no runtime, no headset, a session that was lost
    └── RenderError           OpenGL: no context, a shader that does not compile

Whose mistake it is decides what happens: the caller's raises at once; the network's
(:class:`WireError`, :class:`CodecError`) is counted and the packet dropped; the person's
(:class:`UsageError` and the rest) is printed by the command line as one sentence.
"""

from __future__ import annotations


class PresenceError(Exception):
    """The root of every error that this package raises on purpose."""


class UsageError(PresenceError):
    """The person or the caller asked for something that cannot be."""


class LinkError(UsageError):
    """A room link that is not one."""


class SourceError(UsageError):
    """A motion, face or avatar file that cannot be used."""


class WireError(PresenceError):
    """Bytes from the network that are not what they claim to be."""


class EnvelopeError(WireError):
    """A malformed envelope or bundle."""


class ControlError(WireError):
    """A malformed control or profile payload."""


class SealError(WireError):
    """A sealed section, a key or an identity that is not from whom it claims to be."""


class UnknownKeyError(SealError):
    """An envelope that is sealed by a key which has not come yet."""

    def __init__(self, message: str, stream: int) -> None:
        """``stream`` is whose key it is."""
        super().__init__(message)
        self.stream = stream


class SignallingError(WireError):
    """A malformed signalling message."""


class CodecError(PresenceError):
    """A frame that cannot be decoded."""


class MissingReferenceError(CodecError):
    """A frame whose reference frame has not been received."""

    def __init__(self, message: str, sequence: int) -> None:
        """``sequence`` is the reference frame that is missing."""
        super().__init__(message)
        self.sequence = sequence


class TransportError(PresenceError):
    """A connection that could not be made or kept."""


class HostError(PresenceError):
    """The room host cannot be reached, or refused."""


class SoundError(PresenceError):
    """There is no such sound device, or it cannot be opened."""


class CameraError(PresenceError):
    """There is no such camera, it cannot be opened, or what would look through it is missing."""


class HeadsetError(PresenceError):
    """OpenXR has no runtime or no headset, or its session was lost."""


class RenderError(PresenceError):
    """OpenGL has no context, or a shader does not compile."""
