"""What ``presence doctor`` looks at of a headset: its runtime, and what it follows of a person."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from typing import Any

from presence.client.finding import Finding, Verdict
from presence.errors import HeadsetError

_NO_RUNTIME_CURE = (
    "make the headset's own runtime active, or without a headset on Debian: "
    "python -m presence.headset.monado prepare"
)


def check_openxr() -> Finding:
    """Is there an OpenXR runtime, and does it answer?"""
    from presence.headset.runtime import find_runtime

    runtime = find_runtime()
    if runtime is None:
        return Finding(
            Verdict.WARN,
            "no OpenXR runtime, so --view headset will not work",
            _NO_RUNTIME_CURE,
        )
    if find_spec("xr") is None:
        return Finding(
            Verdict.WARN,
            f"{runtime.name} is there, but pyopenxr is missing",
            "pip install 'presence[headset]'",
        )
    try:
        found = _described(runtime)
    except HeadsetError as error:
        return Finding(Verdict.FAIL, str(error), f"it was found by {runtime.manifest}")
    width, height = found["views"][0]["recommended"]
    return Finding(
        Verdict.OK,
        f"{found['runtime']}, headset {found['headset']}, {width}×{height} an eye",
    )


def check_sensors() -> Finding:
    """What of a person does the headset follow?"""
    from presence.headset.runtime import find_runtime

    try:
        runtime = find_runtime()
        if runtime is None or find_spec("xr") is None:
            return Finding(Verdict.WARN, "not looked at: see OpenXR above")
        found = _described(runtime)
    except HeadsetError:
        return Finding(Verdict.WARN, "not looked at: see OpenXR above")
    return judge_sensors(found)


def judge_sensors(found: dict[str, Any]) -> Finding:
    """What the runtime's extensions and the headset's abilities, as the probe tells them, mean."""
    from presence.headset.abilities import PARTS
    from presence.headset.interaction import PROFILES

    offered, abilities = found["extensions"], found["abilities"]
    kinds = sum(not profile.extension or profile.extension in offered for profile in PROFILES)
    has, sleeping, missing = ["head", f"controllers of {kinds} kinds"], [], []
    for part, extensions in PARTS.items():
        able = [name for name, needed in extensions.items() if any(abilities[n] for n in needed)]
        there = [name for name in extensions if name in offered]
        if able:
            has.append(f"{part} ({', '.join(able)})")
        elif there:
            sleeping.append(f"{part} ({', '.join(there)})")
        else:
            missing.append(part)
    sentence = f"follows {', '.join(has)}"
    cure = ""
    if sleeping:
        sentence += f"; offered, but not by this headset as it is now: {', '.join(sleeping)}"
        cure = "allow it in the headset's own settings, if it has the cameras for it"
    if missing:
        sentence += f"; not offered: {', '.join(missing)}"
    return Finding(Verdict.OK, sentence, cure)


@functools.cache
def _described(runtime: Any) -> dict[str, Any]:
    """What the runtime says of itself, asked once for all checks.

    Raises:
        HeadsetError: it said nothing.
    """
    with runtime.started() as started:
        found: dict[str, Any] = started.describe()
    return found
