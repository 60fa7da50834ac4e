"""Twenty people made by code, for every test that judges people.

They are made once, by as many processes as there are cores, and kept in pytest's cache for as long
as the code that makes them is the same.
"""

import hashlib
import multiprocessing
import os
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest

import presence.pose
import presence.scene
from presence.scene.avatar import Avatar
from presence.scene.body import generate_body
from presence.scene.gltf import to_glb

SEEDS = tuple(range(1, 1 + int(os.environ.get("PRESENCE_PEOPLE", "20"))))
"""Fewer with PRESENCE_PEOPLE, for who is in a hurry."""
GENEROUS = pytest.mark.timeout(900)
"""For a test that may be the first to want them."""


@dataclass(frozen=True)
class MadePerson:
    seed: int
    avatar: Avatar
    path: Path
    """A VRM 1.0 file."""


def make_person(seed: int, folder: Path) -> None:
    avatar = generate_body(seed)
    (folder / f"{seed}.vrm").write_bytes(to_glb(avatar))
    partial = folder / f"{seed}.{os.getpid()}.part"
    partial.write_bytes(pickle.dumps(avatar))
    partial.replace(folder / f"{seed}.pickle")


def makers_mark() -> str:
    digest = hashlib.sha256(numpy.__version__.encode())
    for package in (presence.pose, presence.scene):
        for path in sorted(Path(package.__file__).parent.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@pytest.fixture(scope="session")
def twenty_people(request) -> list[MadePerson]:
    shelf = request.config.cache.mkdir("people")
    folder = shelf / makers_mark()
    for older in shelf.iterdir():
        if older != folder:
            shutil.rmtree(older)
    folder.mkdir(exist_ok=True)
    missing = [seed for seed in SEEDS if not (folder / f"{seed}.pickle").exists()]
    if missing:
        # Forking a process that has drawn, or that has threads, is unsafe.
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(os.cpu_count() or 1, 4), mp_context=fresh) as pool:
            list(pool.map(make_person, missing, [folder] * len(missing)))
    return [
        MadePerson(
            seed,
            pickle.loads((folder / f"{seed}.pickle").read_bytes()),
            folder / f"{seed}.vrm",
        )
        for seed in SEEDS
    ]
