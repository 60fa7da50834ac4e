"""What the active OpenXR runtime is and offers: ``python -m presence.headset.probe [--json]``.

Needs a started runtime, but no OpenGL context and no session.
:meth:`presence.headset.runtime.StartedRuntime.describe` runs it as a process.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from presence.errors import HeadsetError


def describe() -> dict[str, Any]:
    """The runtime's name, version, headset, views, blend modes, extensions and abilities.

    Raises:
        HeadsetError: no runtime, or no headset.
    """
    from presence.headset.sensors import EXTENSIONS, ask_abilities
    from presence.headset.system import gl_backend, offered_extensions, open_system

    with ExitStack() as stack:
        system = open_system(stack, EXTENSIONS)
        return {
            "runtime": system.runtime_name,
            "version": system.runtime_version,
            "headset": system.headset_name,
            "graphics": gl_backend(),
            "views": [
                {
                    "recommended": list(view.recommended),
                    "largest": list(view.largest),
                    "samples": view.samples,
                }
                for view in system.views
            ],
            "blend_modes": [mode.name.lower() for mode in system.blend_modes],
            "extensions": offered_extensions(),
            "abilities": asdict(ask_abilities(system)),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m presence.headset.probe", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    chosen = parser.parse_args(arguments)
    # The loader would print lines of its own before our one.
    os.environ.setdefault("XR_LOADER_DEBUG", "none")
    try:
        found = describe()
    except HeadsetError as error:
        print(json.dumps({"error": str(error)}) if chosen.json else error)
        return 1
    if chosen.json:
        print(json.dumps(found))
        return 0
    views = ", ".join("×".join(map(str, view["recommended"])) for view in found["views"])
    print(f"{found['runtime']} {found['version']}, headset {found['headset']}")
    print(f"views {views}, blend modes {', '.join(found['blend_modes'])}")
    print(f"OpenGL through {found['graphics']}")
    able = [name for name, can in found["abilities"].items() if can]
    print(f"abilities {', '.join(able) or 'none but head and controllers'}")
    for name, version in sorted(found["extensions"].items()):
        print(f"  {name} {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
