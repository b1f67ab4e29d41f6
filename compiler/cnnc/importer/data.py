"""The user's data files: calibration, simulation and evaluation inputs, with or without labels.

A file is .npz (keys are the ONNX input names, ``x`` is an alias for a single input, ``y`` labels)
or .npy for a single input. Arrays are float32 of shape [N, ...] in the model's own layout (float64,
NumPy's default, is rounded to it), integers where an input of the model is one; a model with static
batch B takes N in groups of B.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnc.errors import CalibrationError
from cnnc.importer.rows import Rows, open_npy, open_npz
from cnnc.ir.float_model import Port
from cnnc.ir.types import AnyArray, ElementType, Shape, Tensor

_LABEL_BLOCK = 2**16

BatchSource = Callable[[int], Iterator[dict[str, Tensor]]]
Types = Mapping[str, ElementType]
"""Element type of an input by its name; float32 where it is not there."""

_NO_TYPES: Types = {}
_REAL = ElementType.FLOAT32
_BYTES = (ElementType.INT8, ElementType.UINT8)
_SYNTHETIC_INTEGERS = 10
"""Synthetic integers are below it."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs of a network, streamed.

    Attributes:
        count: Number of samples (inferences).
        labels: The ``y`` array of the file: one row a sample, or one a row of a static batch; None
            where there is none.
        source: Yields dictionaries of Port.name -> (S, *onnx_shape) for a batch size S.
        group: Rows of the file that one sample takes: the static batch.
    """

    count: int
    labels: AnyArray | None
    source: BatchSource
    group: int = 1

    def inferences(self, limit: int | None) -> int:
        """Return how many samples hold the first ``limit`` rows of the file; all for None."""
        return self.count if limit is None else min(-(-limit // self.group), self.count)

    def batches(self, size: int, limit: int | None = None) -> Iterator[dict[str, Tensor]]:
        """Yield up to ``size`` samples at a time, ``limit`` in all.

        Yields:
            Port.name -> array of shape (S, *port.onnx_shape), of the input's type.

        Raises:
            CalibrationError: The data hold NaN or infinity, or the file is damaged.
        """
        left = self.count if limit is None else min(limit, self.count)
        for batch in self.source(max(1, min(size, left))):
            if left <= 0:
                return
            taken = {name: array[:left] for name, array in batch.items()}
            left -= len(next(iter(taken.values())))
            yield taken


@dataclass(frozen=True)
class _Entry:
    """What a file holds for one input.

    Attributes:
        path: The file.
        port: The input.
        kind: Its type.
        key: Name of the array in the file; None in a .npy, which has no names.
    """

    path: Path
    port: Port
    kind: ElementType
    key: str | None

    @property
    def shown(self) -> str:
        """The array as the user knows it, and the input where that is called otherwise."""
        if self.key in (None, self.port.name):
            return f"'{self.port.name}'"
        return f"'{self.key}' (the model's input '{self.port.name}')"


def open_samples(path: Path, ports: tuple[Port, ...], types: Types = _NO_TYPES) -> Samples:
    """Open a data file and check it against the network's inputs.

    Args:
        path: .npz or .npy.
        ports: Inputs of the network.
        types: Of those that are not float32.

    Raises:
        CalibrationError: Missing file or key, wrong shape or dtype, no samples, no whole groups.
    """
    arrays, keys, labels = _open(path, ports)
    entries = [
        _Entry(path, port, types.get(port.name, _REAL), keys.get(port.name)) for port in ports
    ]
    counts = {e.port.name: _checked_count(e, arrays[e.port.name]) for e in entries}
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"'{name}' {number}" for name, number in counts.items())
        raise CalibrationError(
            f"'{path}': inputs have different numbers of samples: {listed}",
            "give every input the same number of samples",
            str(path),
        )
    count = next(iter(counts.values()))
    group = max(_group(port) for port in ports)
    _check_labels(path, labels, count, group)

    def read(size: int) -> Iterator[dict[str, Tensor]]:
        streams = [
            _checked_batches(e, arrays[e.port.name].blocks(size * _group(e.port)), size)
            for e in entries
        ]
        for parts in zip(*streams, strict=True):
            yield {port.name: part for port, part in zip(ports, parts, strict=True)}

    return Samples(count, labels, read, group)


def synthetic_samples(
    ports: tuple[Port, ...], count: int, seed: int, types: Types = _NO_TYPES
) -> Samples:
    """Return inputs without any file: uniform in [0, 1), the usual range of pre-processed images.

    Bytes, which are likely pixels, are uniform among all that there are, other integers from 0
    to 9.

    Args:
        ports: Inputs of the network.
        count: Number of samples, >= 1.
        seed: Seed of the generator; the same seed gives the same samples.
        types: Of the inputs that are not float32.
    """

    def generate(size: int) -> Iterator[dict[str, Tensor]]:
        random = np.random.default_rng(seed)
        for start in range(0, count, size):
            rows = min(size, count - start)
            yield {
                port.name: _synthetic(random, types.get(port.name), (rows, *port.onnx_shape))
                for port in ports
            }

    return Samples(count, None, generate)


def _synthetic(random: np.random.Generator, kind: ElementType | None, shape: Shape) -> Tensor:
    if kind is None or kind is _REAL:
        return random.random(shape, dtype=np.float32)
    if kind in _BYTES:
        limits = np.iinfo(kind.numpy)
        return random.integers(limits.min, limits.max, shape, kind.numpy, endpoint=True)
    return random.integers(0, _SYNTHETIC_INTEGERS, shape).astype(kind.numpy)


def to_storage(port: Port, batch: Tensor) -> Tensor:
    """Move (S, *onnx_shape) to (S, *storage_shape)."""
    axes = (0, *(axis + 1 for axis in port.storage_axes))
    return np.ascontiguousarray(batch.transpose(axes))


def from_storage(port: Port, batch: Tensor) -> Tensor:
    """Move (S, *storage_shape) to (S, *onnx_shape)."""
    inverse = [port.storage_axes.index(axis) + 1 for axis in range(len(port.storage_axes))]
    return np.ascontiguousarray(batch.transpose(0, *inverse))


def _open(
    path: Path, ports: tuple[Port, ...]
) -> tuple[Mapping[str, Rows], Mapping[str, str], AnyArray | None]:
    """Return the array of each input, its key in the file, and the labels."""
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise CalibrationError(f"data file '{path}' {what}", "give an .npz or .npy", str(path))
    if path.suffix == ".npy":
        if len(ports) != 1:
            raise CalibrationError(
                f"'{path}': a .npy holds one input, the model has {len(ports)}",
                f"write an .npz with the keys {', '.join(port.name for port in ports)}",
                str(path),
            )
        return {ports[0].name: open_npy(path)}, {}, None
    members = open_npz(path)
    keys = {port.name: _key(port, ports, members) for port in ports}
    missing = [name for name, key in keys.items() if key is None]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise CalibrationError(
            f"'{path}' has no array {listed}; it holds "
            + (", ".join(f"'{name}'" for name in members) or "nothing"),
            f"write it with numpy.savez(path, {_arguments(ports)})",
            str(path),
        )
    known = {name: key for name, key in keys.items() if key is not None}
    found = {name: members[key] for name, key in known.items()}
    labels = members.get("y")
    if labels is None or "y" in keys.values():
        return found, known, None
    return found, known, _whole(path, labels)


def _key(port: Port, ports: tuple[Port, ...], members: Mapping[str, Rows]) -> str | None:
    """Return the key of an input: its name, or ``x`` for a single one."""
    # Where the only input is called y, a file with x and y has the labels in y.
    alias = len(ports) == 1 and "x" in members and (port.name == "y" or port.name not in members)
    if alias:
        return "x"
    return port.name if port.name in members else None


def _arguments(ports: tuple[Port, ...]) -> str:
    if len(ports) == 1:
        return "x=array"
    pairs = ", ".join(f"'{port.name}': array_{index}" for index, port in enumerate(ports))
    return f"**{{{pairs}}}"


def _whole(path: Path, labels: Rows) -> AnyArray:
    if not labels.shape:
        raise CalibrationError(
            f"'{path}': y is a single number",
            "y holds one integer label for each sample",
            str(path),
        )
    blocks = list(labels.blocks(_LABEL_BLOCK))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int64)


def _check_labels(path: Path, labels: AnyArray | None, count: int, group: int) -> None:
    """Refuse labels that are neither one a sample nor one a row of the static batch."""
    if labels is None or len(labels) in (count, count * group):
        return
    raise CalibrationError(
        f"'{path}': y holds {len(labels)} labels for {count * group} samples",
        "y holds one integer label for each sample",
        str(path),
    )


def _group(port: Port) -> int:
    """Rows of the file that one sample takes: the static batch, 1 for a scalar."""
    return port.onnx_shape[0] if port.onnx_shape else 1


def _checked_count(entry: _Entry, rows: Rows) -> int:
    port = entry.port
    expected: Shape = port.onnx_shape[1:]
    _check_dtype(entry, rows.dtype)
    if len(rows.shape) != max(1, len(port.onnx_shape)) or rows.shape[1:] != expected:
        wanted = ", ".join(["N", *map(str, expected)])
        raise CalibrationError(
            f"'{entry.path}': {entry.shown} has shape {list(rows.shape)}, the model takes "
            f"[{wanted}]",
            "give N samples in the model's own layout, already pre-processed",
            str(entry.path),
        )
    group = _group(port)
    if rows.shape[0] == 0:
        raise CalibrationError(
            f"'{entry.path}': {entry.shown} holds no samples", "give at least one", str(entry.path)
        )
    if rows.shape[0] % group:
        raise CalibrationError(
            f"'{entry.path}': {rows.shape[0]} rows of {entry.shown} are not whole batches of "
            f"{group}",
            f"give a multiple of {group} rows",
            str(entry.path),
        )
    return rows.shape[0] // group


def _check_dtype(entry: _Entry, dtype: "np.dtype[Any]") -> None:
    kind = entry.kind
    if kind is ElementType.FLOAT32 and dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise CalibrationError(
            f"'{entry.path}': {entry.shown} must be float32, not {dtype}",
            _conversion(dtype),
            str(entry.path),
        )
    if kind is not ElementType.FLOAT32 and dtype.kind not in "iub":
        raise CalibrationError(
            f"'{entry.path}': {entry.shown} must be integers, not {dtype}",
            f"convert it with array.astype(numpy.{kind.value})",
            str(entry.path),
        )


def _conversion(dtype: "np.dtype[np.generic]") -> str:
    if dtype.kind in "iub":
        return (
            "convert it as for training, e.g. array.astype(numpy.float32) / 255 for images whose "
            "network was trained on 0..1"
        )
    return "convert it with array.astype(numpy.float32)"


def _checked_batches(entry: _Entry, blocks: Iterator[AnyArray], size: int) -> Iterator[Tensor]:
    port, kind = entry.port, entry.kind
    first = 0
    for block in blocks:
        with np.errstate(over="ignore"):
            # What float64 has beyond float32 becomes infinity, which is refused below.
            real: Tensor = np.asarray(block, kind.numpy).reshape(-1, *port.onnx_shape)
        if kind is not _REAL and not np.array_equal(real.reshape(-1), block.reshape(-1)):
            raise CalibrationError(
                f"'{entry.path}': {entry.shown} holds numbers that {kind.value} does not have",
                f"give numbers between {np.iinfo(kind.numpy).min} and {np.iinfo(kind.numpy).max}",
                str(entry.path),
            )
        finite = np.isfinite(real).reshape(len(real), -1).all(axis=1)
        if not finite.all():
            raise CalibrationError(
                f"'{entry.path}': sample {first + int(np.argmin(finite))} of {entry.shown} "
                "holds NaN or infinity",
                "remove it: numpy.isfinite(array).all() must be true",
                str(entry.path),
            )
        first += size
        yield real
