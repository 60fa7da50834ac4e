"""What is fuzzed of other programs: a packet of VMC or of Live Link Face."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from smooth_motion import PERSON, SECOND, SmoothMotion

from presence.errors import WireError
from presence.tracking.programs.live_link import read_face_packet, sensed_face
from presence.tracking.programs.osc import read_packet
from presence.tracking.programs.vmc_out import packets
from presence.tracking.programs.vmc_state import VmcState
from presence.tracking.sensed import Sensed

VECTORS = Path(__file__).parent / "vectors"


def check(data: bytes) -> None:
    """Whatever comes is a person, nothing, or an error."""
    if data[:1] == b"\x06":
        try:
            packet = read_face_packet(data)
        except WireError:
            return
        sane(sensed_face(packet, 1))
        return
    try:
        messages = read_packet(data)
    except WireError:
        return
    state = VmcState(PERSON)
    for message in messages:
        try:
            state.take(message, 1)
        except WireError:
            continue
    known = state.sensed(1)
    if known is not None:
        sane(known)


def sane(sensed: Sensed) -> None:
    assert np.isfinite(sensed.positions).all()
    for turns in (sensed.orientations, sensed.rotations):
        assert np.abs(np.linalg.norm(turns, axis=-1) - 1.0).max() < 1e-6
    assert 0.0 <= sensed.face.min() <= sensed.face.max() <= 1.0
    assert abs(np.linalg.norm(sensed.gaze_direction) - 1.0) < 1e-6


def seeds(*, many: bool) -> list[bytes]:
    made = packets(SmoothMotion(1).at(SECOND), PERSON, 0)
    for name in ("vmc", "live_link"):
        vectors = json.loads((VECTORS / f"{name}.json").read_text())
        listed = [*vectors["packets"], *vectors.get("refused", [])]
        made += [bytes.fromhex(vector["hex"]) for vector in listed]
    return made
