"""``python -m presence.scene.body SEED FILE``: make the body of a seed, write it as a GLB file."""

import sys
from pathlib import Path

from presence.scene.body import generate_body
from presence.scene.gltf import save_glb

if __name__ == "__main__":
    save_glb(generate_body(int(sys.argv[1])), Path(sys.argv[2]))
