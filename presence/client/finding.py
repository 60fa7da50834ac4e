"""What a check of ``presence doctor`` found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.StrEnum):
    """What a check thinks of what it found."""

    OK = "ok"
    WARN = "warn"
    """Something will not work, but a call is possible or the part is optional."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    verdict: Verdict
    sentence: str
    cure: str = ""
    """What to do about it; empty when all is well."""
