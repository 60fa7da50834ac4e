"""A process of its own that says what the very first frame costs: nothing is warm in it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from presence.errors import PresenceError


def first_frame() -> dict[str, float]:
    """Milliseconds of wall time, in a fresh process: importing the codec, and its first frames.

    Besides, ``compiled``: how often something was compiled during the first.

    Raises:
        PresenceError: the process failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise PresenceError(f"the process that codes a first frame failed: {done.stderr.strip()}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Print the figures."""
    from presence.pose import PoseSample, default_proportions

    began = time.perf_counter()
    from presence.codec import Decoder, Encoder

    imported = time.perf_counter()
    from numba.core.event import install_recorder

    person = default_proportions()
    sample = PoseSample.at_rest(0, person.hips_height)
    encoder, decoder = Encoder(person), Decoder(person)
    ready = time.perf_counter()
    with install_recorder("numba:compile") as recorder:
        decoder.decode(encoder.encode(sample))
    first = time.perf_counter()
    decoder.decode(encoder.encode(sample))
    second = time.perf_counter()
    times = {
        "import_ms": imported - began,
        "make_ms": ready - imported,
        "first_ms": first - ready,
        "second_ms": second - first,
    }
    # Each compilation has two events: its beginning and its end.
    figures = {name: 1e3 * seconds for name, seconds in times.items()}
    print(json.dumps(figures | {"compiled": len(recorder.buffer) // 2}))


if __name__ == "__main__":
    main()
