"""ReduceMax and ReduceMin over any axes.

A positive scale keeps the order, so that int8 elements are compared as they are and the result has
the operand's format.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.ir.op import OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._reduction import (
    GROUPS_LIMIT,
    QuantReduction,
    Reduction,
    define_reduced,
    export_reduction,
    read_reduction,
    read_tflite_axes,
    reduction_geometry,
)
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_AXES_INPUT_SINCE = 18


@dataclass(frozen=True, eq=False)
class ReduceExtreme(Reduction):
    """Largest or smallest element along some axes.

    Attributes:
        smallest: Whether the smallest is taken.
    """

    smallest: bool

    output_format = OutputFormat.SAME_AS_INPUT

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compare elements one after the other: of 0 and -0 the first stays."""
        rows = self.rows(inputs[0])
        extreme = rows[0]
        for row in rows[1:]:
            replaces = row < extreme if self.smallest else row > extreme
            extreme = np.where(replaces, row, extreme)
        return self.shaped(extreme, inputs[0])

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantReduceExtreme(self.axes, self.keep_dims, self.smallest)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return _lowering("reduce_extreme_f32", self, site)


@dataclass(frozen=True, eq=False)
class QuantReduceExtreme(QuantReduction):
    """The same on int8.

    Attributes:
        smallest: As in ``ReduceExtreme``.
    """

    smallest: bool

    judged_in_single_rounding = True

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compare."""
        q = inputs[0].astype(np.int8, copy=False)
        axes = tuple(axis + 1 for axis in self.axes)
        search = np.min if self.smallest else np.max
        return np.asarray(search(q, axis=axes, keepdims=self.keep_dims))

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return _lowering("reduce_extreme_s8", self, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add REDUCE_MAX or REDUCE_MIN."""
        export_reduction(graph, operands, "REDUCE_MIN" if self.smallest else "REDUCE_MAX", self)


def _lowering(kernel: str, op: ReduceExtreme | QuantReduceExtreme, site: LoweringSite) -> Lowering:
    parameters = {**reduction_geometry(site.inputs[0], op.axes), "smallest": int(op.smallest)}
    arguments = (InputArgument(0), OutputArgument())
    return Lowering(calls=(KernelCall(kernel, "reduce_extreme", parameters, arguments),))


def _read(reader: "NodeReader", *, smallest: bool) -> None:
    reduced = read_reduction(reader, _AXES_INPUT_SINCE)
    define_reduced(reader, reduced, ReduceExtreme(reduced.axes, reduced.keep_dims, smallest))


def _read_reduce_max(reader: "NodeReader") -> None:
    _read(reader, smallest=False)


def _read_reduce_min(reader: "NodeReader") -> None:
    _read(reader, smallest=True)


def _read_tflite(reader: "TfliteNodeReader", *, smallest: bool) -> None:
    axes, keep_dims = read_tflite_axes(reader)
    reader.emit(ReduceExtreme(axes, keep_dims, smallest), [reader.key(0)])


def _read_tflite_reduce_max(reader: "TfliteNodeReader") -> None:
    _read_tflite(reader, smallest=False)


def _read_tflite_reduce_min(reader: "TfliteNodeReader") -> None:
    _read_tflite(reader, smallest=True)


OPERATOR = OperatorDefinition(
    name="reduce_extreme",
    summary="Largest or smallest element along any axes.",
    readers={"ReduceMax": _read_reduce_max, "ReduceMin": _read_reduce_min},
    float_ops=(ReduceExtreme,),
    quant_ops=(QuantReduceExtreme,),
    kernels=("reduce_extreme_s8", "reduce_extreme_f32"),
    tflite=("REDUCE_MAX", "REDUCE_MIN"),
    limits=(GROUPS_LIMIT,),
    tflite_readers={"REDUCE_MAX": _read_tflite_reduce_max, "REDUCE_MIN": _read_tflite_reduce_min},
)
