"""What ``presence doctor`` says of cameras: are there any, and what looks through them."""

from __future__ import annotations

import os
from importlib.util import find_spec

from presence.client.finding import Finding, Verdict
from presence.client.models import kept_model
from presence.errors import PresenceError

_LIBRARIES = {"mediapipe": "mediapipe", "cv2": "opencv-contrib-python"}


def check_camera() -> Finding:
    """Could a camera follow this person?"""
    missing = [name for module, name in _LIBRARIES.items() if find_spec(module) is None]
    if missing:
        return Finding(
            Verdict.WARN,
            f"{', '.join(missing)} not installed, which following you by a camera needs",
            "pip install 'presence[camera]', with Python 3.11 or 3.12",
        )
    # Here, since the doctor itself imports this.
    from presence.client.doctor import ask_child

    try:
        ask_child("import cv2, mediapipe")
    except PresenceError as error:
        return Finding(
            Verdict.FAIL,
            f"what looks through a camera cannot be loaded: {error}",
            "on Debian or Ubuntu: apt install libgl1 libglib2.0-0",
        )
    # Here, so that the doctor runs on the base install.
    from presence.tracking.camera.devices import cameras, why_not

    there = cameras()
    if not there:
        return Finding(
            Verdict.WARN,
            "no camera here, so --as camera follows only a video of yours",
            "plug one in, or give a video with --camera file:PATH",
        )
    for camera in there:
        if not os.access(camera.path, os.R_OK | os.W_OK):
            sentence, _, cure = why_not(camera).partition(": ")
            return Finding(Verdict.WARN, sentence, cure)
    named = ", ".join(f"{camera.path} ({camera.name})" for camera in there)
    model = kept_model("face")
    shapes = "all 52 shapes by " + str(model) if model else "the shapes that landmarks tell"
    return Finding(Verdict.OK, f"{named}; of a face, {shapes}")
