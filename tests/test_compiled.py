"""Machine code: made before the first frame, once, and thrown away with its sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from smooth_motion import PERSON, SECOND, SmoothMotion, wild_sample

from presence import compiled
from presence.codec import CodecSettings, Decoder, Encoder
from presence.codec.decoding import decode
from presence.codec.encoding import encode
from presence.codec.layout import VALUE_COUNT
from presence.codec.ready import make_ready
from presence.codec.showing import show
from presence.pose import Attention, Contact


def test_no_frame_waits_for_a_compiler():
    make_ready()
    assert [len(loop.signatures) for loop in (encode, decode, show)] == [1, 1, 1]
    encoder = Encoder(PERSON, CodecSettings(golden_interval=12))
    other = Encoder(PERSON, CodecSettings(bound_m=1, thrift=0, swing=False))
    decoder, another = Decoder(PERSON), Decoder(PERSON)
    motion, random = SmoothMotion(), np.random.default_rng(0)
    trace = np.zeros((VALUE_COUNT, 21), np.int64)
    for k in range(14):
        now = k * SECOND // 60
        sample = wild_sample(random, now) if k == 5 else motion.at(now)
        sample = replace(sample, contacts=Contact(k), attention=Attention(k, 0.5))
        frame = encoder.encode(sample)
        decoder.decode(replace(frame, detail=b"") if k == 7 else frame)
        another.decode(other.encode(sample, trace) if k % 2 else other.encode(sample))
    assert [len(loop.signatures) for loop in (encode, decode, show)] == [1, 1, 1]


@pytest.fixture
def package(tmp_path) -> Path:
    """A package with some sources, as if it were the codec's."""
    codec = tmp_path / "codec"
    for source in ("codec/one.py", "codec/two.py", "pose/three.py"):
        path = tmp_path / source
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {source}\n")
    return codec


def look_again(package: Path) -> None:
    """What the first loop of a package brings about in a process."""
    compiled._forget_what_is_stale.__wrapped__(package)


def keep(package: Path) -> list[Path]:
    """What numba and Python would keep there."""
    kept = package / "__pycache__"
    kept.mkdir(exist_ok=True)
    paths = [kept / name for name in ("one.f-1.nbi", "one.f-1.nbc", "one.cpython.pyc")]
    for path in paths:
        path.write_bytes(b"1")
    return paths


def test_machine_code_of_the_same_sources_is_kept(package):
    look_again(package)
    kept = keep(package)
    look_again(package)
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("source", ["one.py", "two.py", "../pose/three.py", "four.py"])
def test_machine_code_goes_when_any_source_changes(package, source):
    look_again(package)
    index, code, bytecode = keep(package)
    (package / source).write_text("something else\n")
    look_again(package)
    assert not index.exists()
    assert not code.exists()
    assert bytecode.exists()


def test_machine_code_goes_with_another_numba(package, monkeypatch):
    look_again(package)
    index, code, _ = keep(package)
    monkeypatch.setattr(compiled.numba, "__version__", "0.0")
    look_again(package)
    assert not index.exists()
    assert not code.exists()


def test_machine_code_of_unknown_sources_goes(package):
    index, *_ = keep(package)
    look_again(package)
    assert not index.exists()


def test_where_nothing_can_be_written_nothing_breaks(package, monkeypatch):
    def refuse(*_arguments, **_named):
        raise PermissionError("read-only")

    kept = keep(package)
    for name in ("mkdir", "write_text", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    look_again(package)
    assert all(path.exists() for path in kept)
