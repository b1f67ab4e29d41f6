"""Read a stored array a few rows at a time, so that memory does not grow with its length."""

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.lib import format as numpy_format

from cnnc.errors import CalibrationError
from cnnc.ir.types import AnyArray, Shape, elements

# Typed in some NumPy versions only.
npy_format: Any = numpy_format

# What zipfile, zlib and the header's parser raise for damaged, encrypted or exotic archives.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, tokenize.TokenError, EOFError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip

DIMENSION_LIMIT = 2**40
"""A header that announces more elements is damaged."""


class Rows(Protocol):
    """An array on disk whose axis 0 is read in blocks."""

    @property
    def shape(self) -> Shape:
        """Shape of the whole array."""
        ...

    @property
    def dtype(self) -> "np.dtype[np.generic]":
        """Element type."""
        ...

    def blocks(self, rows: int) -> Iterator[AnyArray]:
        """Yield consecutive blocks of at most this many rows."""
        ...


@dataclass(frozen=True)
class NpyRows:
    """A .npy file, memory-mapped."""

    path: Path
    shape: Shape
    dtype: "np.dtype[np.generic]"

    def blocks(self, rows: int) -> Iterator[AnyArray]:
        """Yield consecutive blocks of at most this many rows."""
        array = np.load(self.path, mmap_mode="r", allow_pickle=False)
        for start in range(0, self.shape[0], rows):
            yield np.array(array[start : start + rows])


@dataclass(frozen=True)
class NpzRows:
    """One member of a .npz file, decompressed as it is read."""

    path: Path
    member: str
    shape: Shape
    dtype: "np.dtype[np.generic]"

    def blocks(self, rows: int) -> Iterator[AnyArray]:
        """Yield consecutive blocks of at most this many rows."""
        row_bytes = elements(self.shape[1:]) * self.dtype.itemsize
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
            _read_header(stream)
            for start in range(0, self.shape[0], rows):
                count = min(rows, self.shape[0] - start)
                data = _read_exactly(stream, count * row_bytes, self.path)
                yield np.frombuffer(data, self.dtype).reshape(count, *self.shape[1:])


def open_npy(path: Path) -> NpyRows:
    """Open a .npy file.

    Raises:
        CalibrationError: It is not one, is cut short, or holds Python objects.
    """
    try:
        with path.open("rb") as stream:
            shape, _, dtype = _read_header(stream)
        _refuse_objects(path, path.name, dtype)
        if elements(shape):
            np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    return NpyRows(path, shape, dtype)


def open_npz(path: Path) -> dict[str, NpzRows]:
    """Open every array of a .npz file, by key.

    Raises:
        CalibrationError: It is not one, is cut short, or holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _member(path, archive, name) for name in members}
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _member(path: Path, archive: zipfile.ZipFile, member: str) -> NpzRows:
    with archive.open(member) as stream:
        shape, fortran_order, dtype = _read_header(stream)
    _refuse_objects(path, member, dtype)
    if fortran_order and len(shape) > 1:
        raise CalibrationError(
            f"'{member}' in '{path}' is stored in Fortran order, which cannot be streamed",
            "save numpy.ascontiguousarray(array) instead of array",
            str(path),
        )
    return NpzRows(path, member, shape, dtype)


def _refuse_objects(path: Path, member: str, dtype: "np.dtype[np.generic]") -> None:
    if dtype.hasobject:
        raise CalibrationError(
            f"'{member}' in '{path}' holds Python objects (pickle), which are never read",
            "save plain numeric arrays: all samples must have one shape and a numeric dtype",
            str(path),
        )


def _read_header(stream: IO[bytes]) -> "tuple[Shape, bool, np.dtype[np.generic]]":
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        shape, fortran_order, dtype = npy_format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran_order, dtype = npy_format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"array format {version} is not known")
    plausible = all(isinstance(extent, int) and extent >= 0 for extent in shape)
    if not plausible or elements(shape) > DIMENSION_LIMIT:
        raise ValueError(f"shape {shape} is not plausible")
    return shape, fortran_order, dtype


def _read_exactly(stream: IO[bytes], size: int, path: Path) -> bytes:
    try:
        data = stream.read(size)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if len(data) != size:
        raise _unreadable(path, EOFError("the array is cut short"))
    return data


def _unreadable(path: Path, error: Exception) -> CalibrationError:
    return CalibrationError(
        f"'{path}' cannot be read as NumPy data: {error}",
        "write it with numpy.savez(path, x=array) or numpy.save(path, array)",
        str(path),
    )
