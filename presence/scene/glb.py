"""Reading the GLB container and its accessors: bytes in, arrays out.

After the glTF 2.0 specification, sections 3.6 and 4.4
(https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html). Files come from anywhere: whatever a
file says of a length is held against the bytes that are there before anything is allocated.
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

MAGIC, VERSION = 0x46546C67, 2
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
COMPONENTS: dict[int, type[np.generic]] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a document that is not as the specification says may raise."""


def item(items: Any, index: Any) -> Any:
    """The item of a list of the document that an index of the document names.

    Raises:
        ValueError: there is none.
    """
    if not isinstance(index, int) or not 0 <= index < len(items):
        raise ValueError(f"there is no item {index!r} where only {len(items)} are")
    return items[index]


class GlbReader:
    """An opened GLB file: its document and its binary chunk.

    Raises:
        SourceError: the bytes are not a whole GLB file.
    """

    def __init__(self, data: bytes) -> None:
        chunks = _chunks(data)
        try:
            self.document: Json = json.loads(chunks[JSON_CHUNK])
        except (KeyError, ValueError, RecursionError) as error:
            raise SourceError(
                "this GLB file's description cannot be read; export it again"
            ) from error
        if not isinstance(self.document, dict):
            raise SourceError("this GLB file's description is not an object; export it again")
        self._binary = chunks.get(BINARY_CHUNK, b"")

    def items(self, name: str) -> list[Any]:
        """A list at the root of the document, empty where there is none.

        Raises:
            SourceError: it is no list.
        """
        found = self.document.get(name, [])
        if not isinstance(found, list):
            raise SourceError(f"{name} of this GLB file are no list; export it again")
        return found

    def extension(self, name: str) -> Json:
        """An extension at the root of the document, empty where there is none."""
        extensions = self.document.get("extensions")
        found = extensions.get(name) if isinstance(extensions, dict) else None
        return found if isinstance(found, dict) else {}

    def array(self, index: Any) -> Array:
        """The array behind an accessor: ``(N,)`` or ``(N, width)``; normalised integers as floats.

        Raises:
            SourceError: the accessor points outside the file, or is of an unknown kind.
        """
        try:
            return self._array(item(self.items("accessors"), index))
        except DAMAGED as error:
            raise _damaged(index, error) from error

    def changes(self, index: Any, count: int) -> tuple[NDArray[np.int64], Array]:
        """``(M,)`` the rows of an accessor that are not zero, and their ``(M, width)`` values.

        Args:
            index: of the accessor.
            count: how many rows it must have.

        Raises:
            SourceError: as for ``array``, or there are more or fewer rows.
        """
        try:
            accessor = item(self.items("accessors"), index)
            if int(accessor["count"]) != count:
                raise ValueError(f"it has {accessor['count']} rows where {count} vertices are")
            if "bufferView" in accessor:
                array = self._array(accessor)
                rows = np.flatnonzero(array.reshape(len(array), -1).any(axis=1))
                return rows, array[rows]
            kind, width = COMPONENTS[accessor["componentType"]], WIDTHS[accessor["type"]]
            if "sparse" not in accessor:
                return np.zeros(0, dtype=np.int64), np.zeros((0, width), dtype=kind)
            rows, values = self._sparse(accessor["sparse"], kind, width, count)
        except DAMAGED as error:
            raise _damaged(index, error) from error
        if (rows[1:] <= rows[:-1]).any():
            raise _damaged(index, ValueError("its sparse rows do not rise"))
        return rows, self._scaled(accessor, values)

    def view(self, index: Any) -> bytes:
        """The bytes of a buffer view.

        Raises:
            SourceError: it lies outside the file.
        """
        try:
            start, length, _ = self._bounds(index)
        except DAMAGED as error:
            raise SourceError(
                f"buffer view {index!r} of this GLB file is damaged ({error}); export it again"
            ) from error
        return self._binary[start : start + length]

    def _array(self, accessor: Json) -> Array:
        kind, width = COMPONENTS[accessor["componentType"]], WIDTHS[accessor["type"]]
        count = int(accessor["count"])
        if "bufferView" in accessor:
            array = self._elements(
                accessor["bufferView"], kind, width, count, int(accessor.get("byteOffset", 0))
            )
        elif 0 <= count <= len(self._binary):
            array = np.zeros((count, width), dtype=kind)
        else:
            raise ValueError(f"it has {count} rows, more than this file has bytes")
        if "sparse" in accessor:
            rows, values = self._sparse(accessor["sparse"], kind, width, count)
            array[rows] = values
        array = self._scaled(accessor, array)
        return array[:, 0] if width == 1 else array

    def _scaled(self, accessor: Json, array: Array) -> Array:
        """Normalised integers as floats, anything else as it is."""
        if not accessor.get("normalized") or not np.issubdtype(array.dtype, np.integer):
            return array
        most = np.float32(np.iinfo(array.dtype).max)
        return np.maximum(array.astype(np.float32) / most, np.float32(-1.0))

    def _sparse(
        self, part: Json, kind: type[np.generic], width: int, count: int
    ) -> tuple[NDArray[np.int64], Array]:
        """``(M,)`` rows below ``count``, and their ``(M, width)`` values."""
        rows, values = self._rows(part, count), part["values"]
        offset = int(values.get("byteOffset", 0))
        return rows, self._elements(values["bufferView"], kind, width, len(rows), offset)

    def _rows(self, sparse: Json, count: int) -> NDArray[np.int64]:
        indices = sparse["indices"]
        kind = COMPONENTS[indices["componentType"]]
        offset = int(indices.get("byteOffset", 0))
        rows = self._elements(indices["bufferView"], kind, 1, int(sparse["count"]), offset)[:, 0]
        whole = rows.astype(np.int64)
        if len(whole) and not (whole.min() >= 0 and whole.max() < count):
            raise ValueError("a sparse row lies outside")
        return whole

    def _bounds(self, index: Any) -> tuple[int, int, int]:
        """First byte, length and stride (0: none) of a view, which lies in the binary chunk."""
        view = item(self.items("bufferViews"), index)
        if view.get("buffer", 0) != 0:
            raise ValueError("it lies in another file")
        start, length = int(view.get("byteOffset", 0)), int(view["byteLength"])
        stride = int(view.get("byteStride", 0))
        if start < 0 or length < 0 or start + length > len(self._binary):
            raise ValueError("it lies outside the file")
        return start, length, stride

    def _elements(
        self, view: Any, kind: type[np.generic], width: int, count: int, offset: int
    ) -> Array:
        """``(count, width)`` numbers of a view, from its byte ``offset`` on."""
        start, length, stride = self._bounds(view)
        size = np.dtype(kind).itemsize
        stride = stride or size * width
        if count < 0 or offset < 0 or stride < size * width:
            raise ValueError("a count, offset or stride is wrong")
        if count and offset + stride * (count - 1) + size * width > length:
            raise ValueError("it reaches beyond its view")
        if not count:
            return np.zeros((0, width), dtype=kind)
        return np.ndarray(
            (count, width),
            dtype=np.dtype(kind).newbyteorder("<"),
            buffer=self._binary,
            offset=start + offset,
            strides=(stride, size),
        ).astype(kind)


def _damaged(index: Any, error: BaseException) -> SourceError:
    return SourceError(f"accessor {index!r} of this GLB file is damaged ({error}); export it again")


def _chunks(data: bytes) -> dict[int, bytes]:
    """The chunks of a GLB file by their kind."""
    if data[:64].lstrip()[:1] == b"{":
        raise SourceError("this is glTF as text; export it as GLB or VRM, in one file")
    if len(data) < 12:
        raise SourceError("this file is too short to be a GLB file")
    magic, version, total = struct.unpack_from("<III", data)
    if magic != MAGIC or version != VERSION:
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
