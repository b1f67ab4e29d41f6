"""How near the integers of an imported quantized model are to ONNX Runtime's on the same file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnx
import onnxruntime

from cnnc.importer.builder import channel_last, onnx_order
from cnnc.importer.data import to_storage
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel, Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, I64, AnyArray, Rounding, Shape, Tensor
from cnnc.passes.optimize import optimize
from cnnc.passes.simplify import simplify
from cnnc.quantize.fixed_point import Arithmetic, quantize_real
from cnnc.quantize.keep_given import keep_given
from cnnc.simulator.reference import run_outputs

BATCH = 250
_UINT8_OFFSET = 128
_ERRORS_ONLY = 3
_LARGEST_RANK = 4
_UNMOVED = ":unmoved"
"""What passes/sink_transpose.py calls a value that it computes before a move."""
_THREADS = 2


@dataclass(frozen=True)
class OutputAgreement:
    """The outputs of all samples.

    Attributes:
        samples: How many were compared.
        top1: Share of samples whose largest output is the same one.
        within_two_steps: Share of values at most two steps of the output's scale apart.
        largest: Most steps that a value is apart.
    """

    samples: int
    top1: float
    within_two_steps: float
    largest: int


@dataclass(frozen=True)
class LayerAgreement:
    """One quantized tensor, computed from ONNX Runtime's own integers before it.

    Attributes:
        tensor: Its name in the file.
        values: How many were compared.
        differing: How many of them differ.
        largest: Most steps that a value is apart.
    """

    tensor: str
    values: int
    differing: int
    largest: int


def import_quantized(path: Path, rounding: Rounding = "single") -> QuantModel:
    """Return a quantized model with its own formats; each tensor of the file is still there."""
    simplified = simplify(read_onnx(path))
    return keep_given(simplified, rounding, lambda: _refuse_to_calibrate(simplified)).model


def compare_outputs(
    path: Path, samples: F32, rounding: Rounding = "single", *, optimized: bool
) -> OutputAgreement:
    """Compare the first output of a model with ONNX Runtime's, in steps of its scale.

    Args:
        path: The ONNX file, whose batch axis is free or 1.
        samples: (S, *shape of one input without batch axis).
        rounding: How cnnc scales accumulators.
        optimized: Whether ONNX Runtime may replace what it finds by its own integer operators.
    """
    model = optimize(import_quantized(path, rounding))
    port = model.outputs[0]
    scale = model.values[port.value].quantization.scale
    session = _session(onnx.load(path), optimized=optimized)
    same, near, largest, values = 0, 0, 0, 0
    for begin in range(0, len(samples), BATCH):
        batch = samples[begin : begin + BATCH]
        ours = _run_ours(model, batch).reshape(len(batch), -1)
        real = np.concatenate([_run_one(session, image)[0].reshape(1, -1) for image in batch])
        zero_point = model.values[port.value].quantization.zero_point
        theirs = np.rint(real / scale).astype(np.int64) + zero_point
        steps = np.abs(ours - theirs)
        same += int((_first_maximum(ours) == _first_maximum(theirs)).sum())
        near += int((steps <= 2).sum())
        largest = max(largest, int(steps.max()))
        values += steps.size
    return OutputAgreement(len(samples), same / len(samples), near / values, largest)


def compare_layers(path: Path, samples: F32, rounding: Rounding = "single") -> list[LayerAgreement]:
    """Compare every quantized tensor that is left after simplification.

    ONNX Runtime computes all of them without optimizations; each layer here reads its integers.

    Args:
        path: The ONNX file.
        samples: (S, *shape of one input without batch axis).
        rounding: How cnnc scales accumulators.
    """
    model = import_quantized(path, rounding)
    proto = onnx.load(path)
    left = {_tensor_of(name) for name in model.values if _is_image_or_row(model, name)}
    names = [name for name in _integer_tensors(proto) if name in left]
    proto.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = _session(proto, optimized=False)
    outputs = [_run_one(session, image, names) for image in samples]
    expected = {
        name: _signed(np.stack([found[index] for found in outputs]))
        for index, name in enumerate(names)
    }
    return list(_compare_each(model, _stored_inputs(model, samples), expected))


def _compare_each(
    model: QuantModel, values: dict[str, AnyArray], expected: Mapping[str, I64]
) -> Iterator[LayerAgreement]:
    samples = len(next(iter(values.values())))
    for name, array in model.constants.items():
        values[name] = np.broadcast_to(array, (samples, *array.shape))
    arithmetic = Arithmetic(model.rounding)
    for node in model.nodes:
        found = node.op.evaluate([values[name] for name in node.inputs], arithmetic)
        values[node.output] = found
        tensor = _tensor_of(node.output)
        if tensor not in expected or not _is_image_or_row(model, node.output):
            continue
        theirs = _nearest_order(expected[tensor], found)
        steps = np.abs(found.astype(np.int64) - theirs)
        yield LayerAgreement(tensor, steps.size, int((steps > 0).sum()), int(steps.max()))
        values[node.output] = theirs.astype(np.int8)


def _nearest_order(theirs: I64, ours: AnyArray) -> I64:
    """Return a tensor of the file, (S, *onnx_shape), in the memory order of ours."""
    rank = theirs.ndim - 1
    candidates: list[I64] = []
    for axes in {channel_last(rank), onnx_order(rank)}:
        moved = theirs.transpose(0, *(axis + 1 for axis in axes))
        if moved.size == ours.size and _without_ones(moved.shape) == _without_ones(ours.shape):
            candidates.append(np.ascontiguousarray(moved).reshape(ours.shape))
    return min(candidates, key=lambda array: float(np.abs(array - ours.astype(np.int64)).mean()))


def _is_image_or_row(model: QuantModel, name: str) -> bool:
    """Return whether a value is int8 and of a rank whose memory order can be told."""
    value = model.values[name]
    return value.is_quantized and len(value.shape) <= _LARGEST_RANK


def _tensor_of(name: str) -> str:
    """Return the file's name of a value, which may be stored before it is moved."""
    while name.endswith(_UNMOVED):
        name = name.removesuffix(_UNMOVED)
    return name


def _without_ones(shape: Shape) -> Shape:
    return tuple(extent for extent in shape[1:] if extent != 1)


def _integer_tensors(proto: onnx.ModelProto) -> list[str]:
    """Return what is quantized at run time and read again, by QDQ and QOperator nodes."""
    constants = {tensor.name for tensor in proto.graph.initializer}
    return [
        node.output[0]
        for node in proto.graph.node
        if node.op_type.startswith("QLinear")
        or node.op_type == "QGemm"
        or (node.op_type == "QuantizeLinear" and node.input[0] not in constants)
    ]


def _signed(array: AnyArray) -> I64:
    offset = _UINT8_OFFSET if array.dtype == np.uint8 else 0
    return array.astype(np.int64) - offset


def _first_maximum(rows: Tensor) -> I64:
    return np.asarray(rows.argmax(axis=1), np.int64)


def _run_ours(model: QuantModel, samples: F32) -> I64:
    port = model.outputs[0]
    found = run_outputs(model, _stored_inputs(model, samples))[port.value]
    order = np.argsort(port.storage_axes)
    return np.asarray(found.transpose(0, *(axis + 1 for axis in order)), np.int64)


def _stored_inputs(model: QuantModel, samples: F32) -> dict[str, Any]:
    port = model.inputs[0]
    real = to_storage(port, _with_batch(port, samples))
    return {port.value: quantize_real(real, model.values[port.value].quantization)}


def _with_batch(port: Port, samples: F32) -> F32:
    return samples.reshape(len(samples), *port.onnx_shape)


def _session(proto: onnx.ModelProto, *, optimized: bool) -> Any:  # noqa: ANN401 (untyped library)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = _THREADS
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = (
        levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
    )
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _run_one(
    session: Any,  # noqa: ANN401 (untyped library)
    sample: F32,
    names: Sequence[str] | None = None,
) -> list[Tensor]:
    entry = session.get_inputs()[0]
    shape = [extent if isinstance(extent, int) else 1 for extent in entry.shape]
    found: list[Tensor] = session.run(names, {entry.name: sample.reshape(shape)})
    return found


def _refuse_to_calibrate(model: FloatModel) -> NoReturn:
    raise ValueError(f"'{model.name}' does not give every format")
