"""Writing the GLB container and its accessors: arrays in, bytes out."""

from __future__ import annotations

import json
import struct

import numpy as np

from presence.scene.glb import (
    BINARY_CHUNK,
    COMPONENTS,
    JSON_CHUNK,
    MAGIC,
    VERSION,
    WIDTHS,
    Array,
    Json,
)

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
_CODES = {np.dtype(kind): code for code, kind in COMPONENTS.items()}
_TYPES = {width: name for name, width in WIDTHS.items()}


class GlbWriter:
    """A GLB file in the making: its binary chunk so far, and the views and accessors into it."""

    def __init__(self) -> None:
        self._binary = bytearray()
        self.views: list[Json] = []
        self.accessors: list[Json] = []
        self._zeros: dict[int, int] = {}

    def view(self, data: bytes, target: int | None = None) -> int:
        """Append bytes; return the index of the view of them."""
        self._binary.extend(bytes(-len(self._binary) % 4))
        view: Json = {"buffer": 0, "byteOffset": len(self._binary), "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        self._binary.extend(data)
        self.views.append(view)
        return len(self.views) - 1

    def accessor(
        self,
        array: Array,
        target: int | None = None,
        *,
        bounds: bool = False,
        normalised: bool = False,
    ) -> int:
        """Append an array ``(N,)``, ``(N, 2…4)`` or ``(N, 16)``; return its accessor's index.

        Rows must be a multiple of four bytes long where they are vertices' attributes.
        """
        entry = _described(array)
        if normalised:
            entry["normalized"] = True
        entry["bufferView"] = self.view(np.ascontiguousarray(array).tobytes(), target)
        if bounds:
            entry |= _bounds(array)
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def sparse(self, rows: Array, values: Array, count: int, *, bounds: bool = False) -> int:
        """Append an array that is ``values (M, 3)`` at ``rows (M,)`` and zero at the rest."""
        if not len(rows):
            return self._zero(count)
        entry = _described(values)
        entry["count"] = count
        if bounds:
            with_zero = np.vstack([values, np.zeros_like(values[:1])])
            entry |= _bounds(with_zero if len(values) < count else values)
        indices = rows.astype(np.uint16 if count <= 0xFFFF else np.uint32)
        entry["sparse"] = {
            "count": len(rows),
            "indices": {
                "bufferView": self.view(indices.tobytes()),
                "componentType": _CODES[indices.dtype],
            },
            "values": {"bufferView": self.view(np.ascontiguousarray(values).tobytes())},
        }
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def _zero(self, count: int) -> int:
        """The one accessor of so many rows of zeros, which takes no bytes."""
        if count not in self._zeros:
            nothing = {"min": [0.0, 0.0, 0.0], "max": [0.0, 0.0, 0.0]}
            self.accessors.append({"componentType": 5126, "count": count, "type": "VEC3"} | nothing)
            self._zeros[count] = len(self.accessors) - 1
        return self._zeros[count]

    def finish(self, document: Json) -> bytes:
        """The whole file; ``document`` lacks only buffers, views and accessors."""
        binary = bytes(self._binary) + bytes(-len(self._binary) % 4)
        document = document | {
            "buffers": [{"byteLength": len(binary)}],
            "bufferViews": self.views,
            "accessors": self.accessors,
        }
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + len(binary)
        return b"".join(
            [
                struct.pack("<III", MAGIC, VERSION, total),
                struct.pack("<II", len(text), JSON_CHUNK),
                text,
                struct.pack("<II", len(binary), BINARY_CHUNK),
                binary,
            ]
        )


def _described(array: Array) -> Json:
    width = 1 if array.ndim == 1 else array.shape[1]
    return {
        "componentType": _CODES[array.dtype],
        "count": len(array),
        "type": _TYPES[width],
    }


def _bounds(array: Array) -> Json:
    flat = array.reshape(len(array), -1)
    return {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
