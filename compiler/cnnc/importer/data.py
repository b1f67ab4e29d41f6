"""The user's data files: calibration, simulation and evaluation inputs, with or without labels.

A file is .npz (keys are the ONNX input names, ``x`` is an alias for a single input, ``y`` labels)
or .npy for a single input. Arrays are float32 of shape [N, ...] in the model's own layout; a model
with static batch B takes N in groups of B.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnc.errors import CalibrationError
from cnnc.importer.rows import Rows, open_npy, open_npz
from cnnc.ir.float_model import Port
from cnnc.ir.types import F32, AnyArray, Shape

BatchSource = Callable[[int], Iterator[dict[str, F32]]]


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs of a network, streamed.

    Attributes:
        count: Number of samples (inferences).
        labels: The ``y`` array of the file, one row a sample; None where there is none.
        source: Yields dictionaries of Port.name -> (S, *onnx_shape) for a batch size S.
    """

    count: int
    labels: AnyArray | None
    source: BatchSource

    def batches(self, size: int, limit: int | None = None) -> Iterator[dict[str, F32]]:
        """Yield up to ``size`` samples at a time, ``limit`` in all.

        Yields:
            Port.name -> float32 array of shape (S, *port.onnx_shape).

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


def open_samples(path: Path, ports: tuple[Port, ...]) -> Samples:
    """Open a data file and check it against the network's inputs.

    Args:
        path: .npz or .npy.
        ports: Inputs of the network.

    Raises:
        CalibrationError: Missing file or key, wrong shape or dtype, no samples, no whole groups.
    """
    arrays, labels = _open(path, ports)
    counts = {port.name: _checked_count(path, port, arrays[port.name]) for port in ports}
    if len(set(counts.values())) != 1:
        raise CalibrationError(
            f"'{path}': inputs have different numbers of samples: {counts}", "", str(path)
        )
    count = next(iter(counts.values()))
    if labels is not None and len(labels) != count:
        raise CalibrationError(
            f"'{path}': {len(labels)} labels (y) for {count} samples",
            "y holds one label for each sample",
            str(path),
        )

    def read(size: int) -> Iterator[dict[str, F32]]:
        streams = [
            _checked_batches(path, port, arrays[port.name].blocks(size * _group(port)), size)
            for port in ports
        ]
        for parts in zip(*streams, strict=True):
            yield {port.name: part for port, part in zip(ports, parts, strict=True)}

    return Samples(count, labels, read)


def synthetic_samples(ports: tuple[Port, ...], count: int, seed: int) -> Samples:
    """Return inputs that are uniform in [0, 1), from a seed; for models without data."""

    def generate(size: int) -> Iterator[dict[str, F32]]:
        random = np.random.default_rng(seed)
        for start in range(0, count, size):
            rows = min(size, count - start)
            yield {
                port.name: random.random((rows, *port.onnx_shape), dtype=np.float32)
                for port in ports
            }

    return Samples(count, None, generate)


def to_storage(port: Port, batch: F32) -> F32:
    """Move (S, *onnx_shape) to (S, *storage_shape)."""
    axes = (0, *(axis + 1 for axis in port.storage_axes))
    return np.ascontiguousarray(batch.transpose(axes))


def from_storage(port: Port, batch: F32) -> F32:
    """Move (S, *storage_shape) to (S, *onnx_shape)."""
    inverse = [port.storage_axes.index(axis) + 1 for axis in range(len(port.storage_axes))]
    return np.ascontiguousarray(batch.transpose(0, *inverse))


def _open(path: Path, ports: tuple[Port, ...]) -> tuple[Mapping[str, Rows], AnyArray | None]:
    if not path.is_file():
        raise CalibrationError(f"there is no data file '{path}'", "check the path", str(path))
    if path.suffix == ".npy":
        if len(ports) != 1:
            raise CalibrationError(
                f"'{path}': a .npy holds one input, the model has {len(ports)}",
                f"write an .npz with the keys {', '.join(port.name for port in ports)}",
                str(path),
            )
        return {ports[0].name: open_npy(path)}, None
    members = open_npz(path)
    found: dict[str, Rows] = {}
    for port in ports:
        key = port.name if port.name in members else "x"
        if key not in members or (key == "x" and len(ports) > 1 and port.name != "x"):
            raise CalibrationError(
                f"'{path}' has no array '{port.name}'; it holds {', '.join(members) or 'nothing'}",
                "the keys are the model's input names, or 'x' for a single input",
                str(path),
            )
        found[port.name] = members[key]
    labels = members.get("y")
    if labels is None or "y" in found:
        return found, None
    blocks = list(labels.blocks(2**16))
    return found, np.concatenate(blocks) if blocks else np.zeros(0, np.int64)


def _group(port: Port) -> int:
    """Rows of the file that one sample takes: the static batch, 1 for a scalar."""
    return port.onnx_shape[0] if port.onnx_shape else 1


def _checked_count(path: Path, port: Port, rows: Rows) -> int:
    expected: Shape = port.onnx_shape[1:]
    if rows.dtype != np.float32:
        raise CalibrationError(
            f"'{path}': '{port.name}' must be float32, not {rows.dtype}",
            "convert it with array.astype(numpy.float32), scaled as the model was trained",
            str(path),
        )
    if len(rows.shape) != len(port.onnx_shape) or rows.shape[1:] != expected:
        wanted = ", ".join(["N", *map(str, expected)])
        raise CalibrationError(
            f"'{path}': '{port.name}' has shape {list(rows.shape)}, the model takes [{wanted}]",
            "give inputs in the model's own layout, already pre-processed",
            str(path),
        )
    group = _group(port)
    if rows.shape[0] == 0:
        raise CalibrationError(f"'{path}': '{port.name}' holds no samples", "", str(path))
    if rows.shape[0] % group:
        raise CalibrationError(
            f"'{path}': {rows.shape[0]} rows of '{port.name}' are not whole batches of {group}",
            f"give a multiple of {group} rows",
            str(path),
        )
    return rows.shape[0] // group


def _checked_batches(
    path: Path, port: Port, blocks: Iterator[AnyArray], size: int
) -> Iterator[F32]:
    first = 0
    for block in blocks:
        real: F32 = np.asarray(block, np.float32).reshape(-1, *port.onnx_shape)
        finite = np.isfinite(real).reshape(len(real), -1).all(axis=1)
        if not finite.all():
            raise CalibrationError(
                f"'{path}': sample {first + int(np.argmin(finite))} of '{port.name}' holds NaN "
                "or infinity",
                "clean the data",
                str(path),
            )
        first += size
        yield real
