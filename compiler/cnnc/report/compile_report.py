"""What ``compile --json`` prints and DIR/report.json holds; the keys are fixed."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cnnc import __version__
from cnnc.codegen.choose import Candidate
from cnnc.ir.types import Dtype, Rounding, Shape


@dataclass(frozen=True)
class LayerReport:
    """One layer.

    Attributes:
        name: Layer name; the ONNX node's where it has one.
        op: Kind of the operator.
        dtype: Element type of what it computes with; ``float32`` for what converts from or to it.
        reason: Why a layer of an int8 network computes on real numbers; None where it does not.
        kernel: Kernels that compute it, ``alias`` where nothing is computed.
        output_shape: Storage order.
        macs: Multiply-accumulates.
        moved_bytes: Bytes of its operands, weights aside, and of its result.
        weight_bytes: Bytes of its constants.
        live_bytes: Arena bytes in use while it runs.
        sqnr_db: Signal to quantization noise against float; None if undefined.
        candidates: Kernels that were considered, the chosen one first.
        faster_kernels: Kernel set -> kernels that take their place where the processor has more.
    """

    name: str
    op: str
    dtype: str
    reason: str | None
    kernel: str
    output_shape: Shape
    macs: int
    moved_bytes: int
    weight_bytes: int
    live_bytes: int
    sqnr_db: float | None
    candidates: tuple[Candidate, ...]
    faster_kernels: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def bytes_for_speed(self) -> int:
        """Flash that the chosen kernel takes beyond the smallest one that was possible."""
        sizes = [c.constant_bytes for c in self.candidates if c.constant_bytes is not None]
        return sizes[0] - min(sizes) if sizes else 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        finite = self.sqnr_db is not None and math.isfinite(self.sqnr_db)
        return {
            "name": self.name,
            "op": self.op,
            "dtype": self.dtype,
            "reason": self.reason,
            "kernel": self.kernel,
            "faster_kernels": dict(self.faster_kernels),
            "output_shape": list(self.output_shape),
            "macs": self.macs,
            "moved_bytes": self.moved_bytes,
            "weight_bytes": self.weight_bytes,
            "live_bytes": self.live_bytes,
            "sqnr_db": round(self.sqnr_db, 2) if finite and self.sqnr_db is not None else None,
            "kernel_choice": [asdict(candidate) for candidate in self.candidates],
        }


@dataclass(frozen=True)
class CompileReport:
    """The whole report.

    Attributes:
        name: C identifier of the network.
        sha256: Digest of the source model.
        inputs: JSON objects of the graph inputs (likewise outputs).
        target: Name of the target.
        core: Its core.
        isa: Its instruction set architecture.
        dtype: What the network computes in.
        rounding: How accumulators are scaled; None where nothing is.
        macs: Multiply-accumulates of the model as the user gave it.
        macs_effective: Multiply-accumulates that are executed.
        channels_removed: Channels of all layers that are not computed: constant, or never read.
        weight_bytes: Constants in flash.
        arena_bytes: All activations, input and output included.
        scratch_bytes: The part of the arena that is working memory at its largest.
        calibration: Method and number of samples.
        threads: That share layers; 1 where the code has none.
        layers: In execution order.
        files: Relative paths of everything in the folder.
    """

    name: str
    sha256: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]
    target: str
    core: str
    isa: str
    dtype: Dtype
    rounding: Rounding | None
    macs: int
    macs_effective: int
    channels_removed: int
    weight_bytes: int
    arena_bytes: int
    scratch_bytes: int
    calibration: Mapping[str, Any]
    threads: int
    layers: tuple[LayerReport, ...]
    files: tuple[str, ...]

    @property
    def islands(self) -> tuple[LayerReport, ...]:
        """The layers of an int8 network that compute on real numbers."""
        return tuple(layer for layer in self.layers if layer.reason is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the document; ``code``, ``stack`` and ``static`` are null until measured."""
        return {
            "cnnc_version": __version__,
            "model": {
                "name": self.name,
                "sha256": self.sha256,
                "inputs": [dict(port) for port in self.inputs],
                "outputs": [dict(port) for port in self.outputs],
            },
            "target": {"name": self.target, "core": self.core, "isa": self.isa},
            "dtype": self.dtype,
            "rounding": self.rounding,
            "calibration": dict(self.calibration),
            "threads": self.threads,
            "macs": self.macs,
            "macs_effective": self.macs_effective,
            "channels_removed": self.channels_removed,
            "flash_bytes": {"weights": self.weight_bytes, "code": None, "total": self.weight_bytes},
            "ram_bytes": {
                "arena": self.arena_bytes,
                "scratch": self.scratch_bytes,
                "stack": None,
                "static": None,
                "total": self.arena_bytes,
            },
            "layers": [layer.to_json() for layer in self.layers],
            "files": list(self.files),
        }

    def to_bytes(self) -> bytes:
        """Return the content of report.json."""
        return (json.dumps(self.to_json(), indent=1) + "\n").encode()
