"""Coverage-guided fuzzing of what reads bytes from strangers.

    python tests/fuzz.py codec|wire|seal|programs --seconds 600 [--corpus out/fuzz]

Runs until something propagates that is no documented error, hangs, or takes too much memory; what
did it is then in the working directory, as ``crash-…``, ``timeout-…`` or ``oom-…``, and
``python tests/fuzz.py codec FILE`` runs it once more. ``docs/fuzzing.md`` says more.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import types
import warnings
from pathlib import Path
from typing import Any

# Machine code has no coverage that anybody could see, and wraps where Python warns.
os.environ["NUMBA_DISABLE_JIT"] = "1"
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import atheris  # noqa: E402

with atheris.instrument_imports(
    include=["presence.codec", "presence.wire", "presence.tracking.programs"]
):
    import fuzz_codec
    import fuzz_programs
    import fuzz_seal
    import fuzz_wire

TARGETS: dict[str, tuple[types.ModuleType, str]] = {
    "codec": (fuzz_codec, "codec"),
    "wire": (fuzz_wire, "wire"),
    "seal": (fuzz_seal, "wire"),
    "programs": (fuzz_programs, "tracking/programs"),
}
"""What is fuzzed, and which modules it is to reach."""


def _lines(code: types.CodeType) -> set[int]:
    """The lines of a function, and of those within it, but for where they are defined."""
    lines = {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
    return lines.union(*(_lines(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def report_lines(target: types.ModuleType, folder: Path, corpus: Path) -> None:
    """Print which lines in functions of the package no input of ``corpus`` reaches."""
    reached: dict[str, set[int]] = {}

    def trace(frame: types.FrameType, _event: str, _argument: object) -> Any:
        lines = reached.get(frame.f_code.co_filename)
        if lines is not None:
            lines.add(frame.f_lineno)
            return trace
        return None

    reached.update((str(path), set()) for path in folder.glob("*.py"))
    sys.settrace(trace)
    for path in sorted(corpus.iterdir()):
        target.check(path.read_bytes())
    sys.settrace(None)
    for name, lines in reached.items():
        module = compile(Path(name).read_text("utf-8"), name, "exec")
        functions = [c for c in module.co_consts if isinstance(c, types.CodeType)]
        there = set().union(*(_lines(c) for c in functions))
        if lines:
            missed = sorted(there - lines)
            print(f"{Path(name).name}: {len(there & lines)} of {len(there)}, not {missed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("inputs", nargs="*", help="files to run once, instead of fuzzing")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="0: another one every time")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was found new")
    parser.add_argument("--lines", action="store_true", help="only say what the corpus reaches")
    asked = parser.parse_args()
    warnings.simplefilter("error")
    target, judged = TARGETS[asked.target]
    if asked.lines:
        report_lines(target, HERE.parent / "presence" / judged, asked.corpus)
        return
    with tempfile.TemporaryDirectory() as temporary:
        corpus = asked.corpus or Path(temporary)
        corpus.mkdir(parents=True, exist_ok=True)
        for k, seed in enumerate(target.seeds(many=asked.seconds > 30)):
            (corpus / f"seed-{k}").write_bytes(seed)
        limits = [f"-max_total_time={asked.seconds}", "-timeout=10", "-rss_limit_mb=2048"]
        limits += [
            "-max_len=4096",
            f"-seed={asked.seed}",
            "-print_final_stats=1",
            "-len_control=0",
            "-mutate_depth=1",
        ]
        mutator = getattr(target, "mutation", None)
        atheris.Setup(
            [sys.argv[0], *limits, *(asked.inputs or [str(corpus)])],
            target.check,
            **({"custom_mutator": mutator} if mutator else {}),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
