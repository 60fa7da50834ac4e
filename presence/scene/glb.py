"""The GLB container and its accessors: arrays in, bytes out, and back.

After the glTF 2.0 specification, sections 3.6 and 4.4
(https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html).
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.errors import SourceError

Json = dict[str, Any]
Array = NDArray[Any]

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
_MAGIC, _VERSION = 0x46546C67, 2
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_COMPONENTS: dict[int, type[np.generic]] = {
    5121: np.uint8,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_CODES = {np.dtype(kind): code for code, kind in _COMPONENTS.items()}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_TYPES = {width: name for name, width in _WIDTHS.items()}


class GlbWriter:
    """A GLB file in the making: its binary chunk so far, and the views and accessors into it."""

    def __init__(self) -> None:
        self._binary = bytearray()
        self.views: list[Json] = []
        self.accessors: list[Json] = []

    def view(self, array: Array, target: int | None = None) -> int:
        """Append an array's bytes; return the index of the view of them."""
        self._binary.extend(bytes(-len(self._binary) % 4))
        data = np.ascontiguousarray(array).tobytes()
        view: Json = {"buffer": 0, "byteOffset": len(self._binary), "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        self._binary.extend(data)
        self.views.append(view)
        return len(self.views) - 1

    def accessor(self, array: Array, target: int | None = None, *, bounds: bool = False) -> int:
        """Append an array ``(N,)``, ``(N, 2…4)`` or ``(N, 16)``; return its accessor's index."""
        entry = _described(array)
        entry["bufferView"] = self.view(array, target)
        if bounds:
            entry |= _bounds(array)
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def sparse(self, rows: Array, values: Array, count: int, *, bounds: bool = False) -> int:
        """Append an array that is ``values (M, 3)`` at ``rows (M,)`` and zero at the rest."""
        entry = _described(values)
        entry["count"] = count
        if bounds:
            with_zero = np.vstack([values, np.zeros_like(values[:1])])
            entry |= _bounds(with_zero if len(values) < count else values)
        if len(rows):
            indices = rows.astype(np.uint32)
            entry["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self.view(indices), "componentType": 5125},
                "values": {"bufferView": self.view(values)},
            }
        self.accessors.append(entry)
        return len(self.accessors) - 1

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
                struct.pack("<III", _MAGIC, _VERSION, total),
                struct.pack("<II", len(text), _JSON_CHUNK),
                text,
                struct.pack("<II", len(binary), _BINARY_CHUNK),
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


class GlbReader:
    """An opened GLB file: its document and its binary chunk.

    Raises:
        SourceError: the bytes are not a whole GLB file.
    """

    def __init__(self, data: bytes) -> None:
        chunks = _chunks(data)
        try:
            self.document: Json = json.loads(chunks[_JSON_CHUNK])
        except (KeyError, ValueError, RecursionError) as error:
            raise SourceError(
                "this GLB file's description cannot be read; export it again"
            ) from error
        if not isinstance(self.document, dict):
            raise SourceError("this GLB file's description is not an object; export it again")
        self._binary = chunks.get(_BINARY_CHUNK, b"")

    def array(self, index: int) -> Array:
        """The array behind an accessor: ``(N,)`` or ``(N, width)``.

        Raises:
            SourceError: the accessor points outside the file, or is of a kind never written here.
        """
        try:
            return self._array(self.document["accessors"][index])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SourceError(
                f"accessor {index} of this GLB file is damaged ({error}); export it again"
            ) from error

    def _array(self, accessor: Json) -> Array:
        kind, width = _COMPONENTS[accessor["componentType"]], _WIDTHS[accessor["type"]]
        count = int(accessor["count"])
        if "bufferView" in accessor:
            offset = int(accessor.get("byteOffset", 0))
            array = self._view(accessor["bufferView"], kind, count * width, offset)
        elif not 0 <= count <= _MOST_ROWS:
            raise ValueError(f"{count} rows")
        else:
            array = np.zeros(count * width, dtype=kind)
        if width > 1:
            array = array.reshape(count, width)
        if "sparse" in accessor:
            part = accessor["sparse"]
            rows = self._rows(part)
            values = self._view(part["values"]["bufferView"], kind, len(rows) * width)
            array[rows] = values.reshape(len(rows), *array.shape[1:])
        return array

    def sparse_rows(self, index: int) -> NDArray[np.int64]:
        """``(M,)`` the rows of an accessor that are not zero; all, when it is not sparse.

        Raises:
            SourceError: as for ``array``.
        """
        accessor = self.document["accessors"][index]
        if "sparse" not in accessor:
            return np.arange(len(self.array(index)) if "bufferView" in accessor else 0)
        try:
            return self._rows(accessor["sparse"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SourceError(
                f"accessor {index} of this GLB file is damaged ({error}); export it again"
            ) from error

    def _rows(self, sparse: Json) -> NDArray[np.int64]:
        indices = sparse["indices"]
        kind = _COMPONENTS[indices["componentType"]]
        return self._view(indices["bufferView"], kind, int(sparse["count"])).astype(np.int64)

    def _view(self, index: int, kind: type[np.generic], count: int, offset: int = 0) -> Array:
        view = self.document["bufferViews"][index]
        if view.get("byteStride", 0) not in (0, np.dtype(kind).itemsize):
            raise ValueError("interleaved arrays are not read")
        start, length = int(view.get("byteOffset", 0)), int(view["byteLength"])
        if count < 0 or start < 0 or offset < 0 or length < 0:
            raise ValueError("a length or offset is negative")
        return np.frombuffer(
            self._binary[start : start + length], dtype=kind, count=count, offset=offset
        ).copy()


_MOST_ROWS = 1 << 22
"""Rows that an accessor without bytes of its own may claim."""


def _chunks(data: bytes) -> dict[int, bytes]:
    """The chunks of a GLB file by their kind."""
    if len(data) < 12:
        raise SourceError("this file is too short to be a GLB file")
    magic, version, total = struct.unpack_from("<III", data)
    if magic != _MAGIC or version != _VERSION:
        raise SourceError("this file is not a GLB file of glTF 2; export it as one")
    if total != len(data):
        raise SourceError(
            f"this GLB file says that it is {total} bytes long but has {len(data)}; fetch it again"
        )
    chunks: dict[int, bytes] = {}
    place = 12
    while place + 8 <= total:
        length, kind = struct.unpack_from("<II", data, place)
        chunks.setdefault(kind, data[place + 8 : place + 8 + length])
        place += 8 + length
    return chunks
