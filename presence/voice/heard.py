"""What comes out of a jitter buffer: sound, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from presence.voice.block import Samples
from presence.voice.tape import Kinds


@dataclass(frozen=True, slots=True)
class JitterCounts:
    """What has become of a voice so far. Blocks are of 20 ms."""

    packets: int
    """That came, but for copies."""
    copies: int
    """Packets that came before."""
    damaged: int
    """Packets that are none."""
    late: int
    """Packets that came after their block was played."""
    skipped: int
    """Packets that were left out to catch up."""
    recovered: int
    """Blocks from the copy in the next packet."""
    concealed: int
    """Gaps that were made up, of 10 ms while more is awaited, else of 20."""
    shortened_ns: int
    """How much sound was cut out …"""
    lengthened_ns: int
    """… and put in."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What is to be played of somebody, for 10 ms."""

    block: Samples
    """``(480,)``."""
    kinds: Kinds
    """``(480,)``: where each sample comes from, by ``Kind``."""
    capture_ns: int | None
    """When its first sample was spoken, by the sender's clock; None in a pause."""
