"""Turn layers and ports into what the report says of them."""

from collections.abc import Mapping
from typing import Any

from cnnc.codegen.program import CProgram
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import ElementType
from cnnc.ops._real_op import RealOp
from cnnc.report.compile_report import LayerReport

_LAYOUT_LETTERS = {3: "NCW", 4: "NCHW", 5: "NCDHW"}


def describe_port(port: Port, value: QuantValue) -> dict[str, Any]:
    """Return the JSON object of a graph input or output.

    ``shape`` is in the ONNX file's axis order, ``c_shape`` in memory; ``c_layout`` spells the
    memory order in letters where memory differs from ONNX (``NHWC``), else ``as is``.
    """
    return {
        "name": port.name,
        "shape": list(port.onnx_shape),
        "c_shape": list(port.storage_shape),
        "c_layout": c_layout(port),
        "dtype": value.element_type.value,
        "scale": value.format.scale if value.format else None,
        "zero_point": value.format.zero_point if value.format else None,
    }


def c_layout(port: Port) -> str:
    """Return the memory order of a port in letters, or ``as is`` where it is ONNX's own."""
    letters = _LAYOUT_LETTERS.get(len(port.storage_axes))
    if letters is None or port.storage_axes == tuple(range(len(port.storage_axes))):
        return "as is"
    return "".join(letters[axis] for axis in port.storage_axes)


def describe_layers(
    model: QuantModel, program: CProgram, sqnr_db: Mapping[str, float]
) -> tuple[LayerReport, ...]:
    """Return what is told of every layer, in execution order."""
    return tuple(
        LayerReport(
            name=node.name,
            op=node.op.kind,
            dtype=layer_type(model, node),
            reason=node.op.reason or None if isinstance(node.op, RealOp) else None,
            kernel=", ".join(layer.kernels) or "alias",
            output_shape=model.values[node.output].shape,
            macs=node.op.macs(model.input_shapes(node)),
            moved_bytes=_moved_bytes(model, node) if layer.kernels else 0,
            weight_bytes=layer.weight_bytes,
            live_bytes=program.plan.live_bytes[layer.index],
            sqnr_db=sqnr_db.get(node.output),
            candidates=layer.candidates,
            faster_kernels={
                program.kernel_sets[version.level - 1].name: ", ".join(version.kernels)
                for version in layer.faster
            },
        )
        for node, layer in zip(model.nodes, program.layers, strict=True)
    )


def layer_type(model: QuantModel, node: QuantNode) -> str:
    """Return what a layer computes with: float32 where any operand or the result is."""
    types = [model.values[name].element_type for name in (*node.inputs, node.output)]
    return (ElementType.FLOAT32 if ElementType.FLOAT32 in types else types[-1]).value


def _moved_bytes(model: QuantModel, node: QuantNode) -> int:
    return sum(model.values[name].bytes for name in {*node.inputs, node.output})
