"""An OpenXR client for tests: draws the left eye red and the right eye blue.

Runs under a started runtime and prints one JSON line of what it found.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time

import moderngl
import numpy as np

from presence.errors import HeadsetError
from presence.headset.runtime import original_environment
from presence.headset.session import LEFT, RIGHT, Headset

SIZE = (96, 64)
DRAWN = (64, 48)
COLOURS = {LEFT: (1.0, 0.0, 0.0, 1.0), RIGHT: (0.0, 0.0, 1.0, 1.0)}
MAKE_EGL_CONTEXT = (
    "import moderngl; c = moderngl.create_context(standalone=True, backend='egl', require=330); "
    "print(c.info['GL_VERSION'])"
)


def make_context(backend):
    if backend == "egl":
        return moderngl.create_context(standalone=True, backend="egl", require=330)
    return moderngl.create_context(standalone=True, require=330)


class Painter:
    """Clears the textures that a headset lends. State: a framebuffer for each."""

    def __init__(self, context, headset):
        self.context = context
        self.framebuffers = {
            texture: context.framebuffer(
                [context.external_texture(texture, headset.size, 4, 0, "f1")]
            )
            for eye in (LEFT, RIGHT)
            for texture in headset.textures(eye)
        }

    def paint(self, texture, eye):
        framebuffer = self.framebuffers[texture]
        framebuffer.use()
        self.context.clear(*COLOURS[eye])
        self.context.finish()
        return framebuffer

    def read(self, framebuffer):
        pixels = np.frombuffer(framebuffer.read(components=4), dtype=np.uint8)
        return np.unique(pixels.reshape(-1, 4), axis=0).tolist()


def follow_head(headset, stop, found):
    while not stop.wait(1 / 60):
        head = headset.sense(time.monotonic_ns()).head
        found.append(None if head is None else head.pose.translation.tolist())


def draw(context, frames):
    """Show a number of frames, then let the session end; what was seen."""
    timings, eyes, pixels, states, head = [], [], {}, [], []
    with Headset(SIZE) as headset:
        painter = Painter(context, headset)
        stop = threading.Event()
        tracker = threading.Thread(target=follow_head, args=(headset, stop, head))
        tracker.start()
        try:
            while (timing := headset.wait()) is not None:
                if headset.state not in states:
                    states.append(headset.state)
                timings.append(timing)
                headset.begin()
                views = headset.locate()
                if timing.should_render and views is not None:
                    eyes.append([view.local_from_eye.translation.tolist() for view in views])
                    for eye in (LEFT, RIGHT):
                        framebuffer = painter.paint(headset.acquire(eye), eye)
                        if len(timings) == frames:
                            pixels[str(eye)] = painter.read(framebuffer)
                        headset.release(eye)
                    headset.end(views, DRAWN)
                else:
                    headset.end()
                if len(timings) == frames:
                    headset.request_exit()
        finally:
            stop.set()
            tracker.join()
        fov = views[LEFT].fov
        found = {
            "runtime": headset.runtime_name,
            "version": headset.runtime_version,
            "space": headset.space_name,
            "srgb": headset.srgb,
            "finished": headset.finished,
            "fov": [fov.left, fov.right, fov.up, fov.down],
        }
    return {
        **found,
        "after_close": headset.sense(time.monotonic_ns()),
        "states": states,
        "pixels": pixels,
        "eyes": eyes,
        "head": head,
        "woke_ns": [timing.woke_ns for timing in timings],
        "display_ns": [timing.predicted_display_ns for timing in timings],
        "period_ns": [timing.period_ns for timing in timings],
        "drawn": len(eyes),
    }


def break_off(context):
    """Leave in the middle of a frame, a picture in hand, as Ctrl-C may."""
    try:
        with Headset(SIZE) as headset:
            for _ in range(5):
                headset.wait()
                headset.begin()
                headset.end()
            headset.wait()
            headset.begin()
            headset.acquire(LEFT)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        return {"left": True}


def endless(context):
    """Show frames until the runtime is lost."""
    shown = 0
    try:
        with Headset(SIZE) as headset:
            painter = Painter(context, headset)
            while headset.wait() is not None:
                headset.begin()
                views = headset.locate()
                for eye in (LEFT, RIGHT):
                    painter.paint(headset.acquire(eye), eye)
                    headset.release(eye)
                headset.end(views)
                shown += 1
                if shown == 5:
                    print("showing", flush=True)
    except HeadsetError as error:
        return {"error": str(error), "sensed": headset.sense(time.monotonic_ns())}
    return {"error": None}


def start_children(context):
    """Whether a child has EGL with the original environment, and with this process's own."""
    command = [sys.executable, "-c", MAKE_EGL_CONTEXT]
    original, inherited = (
        subprocess.run(command, env=environment, capture_output=True, text=True)
        for environment in (original_environment(), dict(os.environ))
    )
    return {
        "here": context.info["GL_VERSION"],
        "original": original.stdout.strip(),
        "complaints": original.stderr,
        "inherited_works": inherited.returncode == 0,
        "environment": original_environment(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["draw", "break-off", "endless", "children"])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--backend", choices=["egl", "x11"], default="egl")
    chosen = parser.parse_args()
    context = make_context(chosen.backend)
    found = {
        "draw": lambda: draw(context, chosen.frames),
        "break-off": lambda: break_off(context),
        "endless": lambda: endless(context),
        "children": lambda: start_children(context),
    }[chosen.action]()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
