"""Quantized ONNX models in memory, run as cnnc computes them and by ONNX Runtime."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from tests.support.onnx_cases import import_proto
from tests.support.onnx_models import Extents, model, node

from cnnc.importer.data import from_storage, to_storage
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, I64, Rounding
from cnnc.passes.optimize import optimize
from cnnc.passes.simplify import simplify
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.quantize.keep_given import KeptFormats, keep_given
from cnnc.quantize.ranges import ValueRanges
from cnnc.simulator.reference import run_outputs

CONTRIB = "com.microsoft"


def contrib_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, Extents],
    weights: dict[str, object],
    opset: int = 17,
) -> onnx.ModelProto:
    """Return a model with output ``y`` that may use ONNX Runtime's own operators."""
    proto = model(nodes, inputs, ["y"], weights, opset)
    proto.opset_import.append(onnx.helper.make_opsetid(CONTRIB, 1))
    return proto


def contrib_node(
    op_type: str,
    inputs: str,
    outputs: str,
    **attributes: Any,  # noqa: ANN401 (any ONNX attribute)
) -> onnx.NodeProto:
    """Return a node of ONNX Runtime's own domain."""
    return node(op_type, inputs, outputs, "", domain=CONTRIB, **attributes)


def no_calibration() -> ValueRanges:
    """Fail: every format should be given."""
    raise AssertionError("a value without a format has to be calibrated")


def kept(proto: onnx.ModelProto, rounding: Rounding = "single") -> KeptFormats:
    """Return the int8 network of a model in which every format is given."""
    found = keep_given(simplify(import_proto(proto)), rounding, no_calibration)
    return KeptFormats(optimize(found.model), found.calibrated, found.real)


def random_batch(proto: onnx.ModelProto, samples: int = 20, spread: float = 1.0) -> list[F32]:
    """Return normal numbers for each input, (samples, *shape)."""
    generator = np.random.default_rng(7)
    shapes = [
        [extent.dim_value for extent in entry.type.tensor_type.shape.dim]
        for entry in proto.graph.input
    ]
    return [generator.normal(0.0, spread, (samples, *shape)).astype(np.float32) for shape in shapes]


def run_kept(network: QuantModel, batch: Sequence[F32]) -> F32:
    """Return the first output as reals, in ONNX order."""
    stored = {
        port.value: quantize_real(to_storage(port, array), network.values[port.value].quantization)
        for port, array in zip(network.inputs, batch, strict=True)
    }
    port = network.outputs[0]
    integers = run_outputs(network, stored)[port.value]
    return from_storage(port, dequantize(integers, network.values[port.value].quantization))


def run_onnx_runtime(proto: onnx.ModelProto, batch: Sequence[F32]) -> F32:
    """Return the first output, sample by sample, without optimizations."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session: Any = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [entry.name for entry in session.get_inputs()]
    found: F32 = np.stack(
        [
            session.run(None, dict(zip(names, sample, strict=True)))[0]
            for sample in zip(*batch, strict=True)
        ]
    )
    return found


def steps_apart(proto: onnx.ModelProto, spread: float = 1.0) -> I64:
    """Return by how many steps of the output's scale each value differs from ONNX Runtime's."""
    network = kept(proto).model
    batch = random_batch(proto, spread=spread)
    scale = network.values[network.outputs[0].value].quantization.scale
    ours, theirs = run_kept(network, batch), run_onnx_runtime(proto, batch)
    assert ours.shape == theirs.shape
    assert len(np.unique(theirs)) > 3
    steps: I64 = np.rint(np.abs(ours - theirs) / scale).astype(np.int64)
    return steps
