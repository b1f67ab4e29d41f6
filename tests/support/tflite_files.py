"""Small .tflite files of one operator, and what every engine makes of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.support.op_cases import case_chunk, check_engine

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, Shape
from cnnc.ir.verify import verify_quant
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_original import original_graph
from cnnc.simulator.tflite_runtime import installed_runtimes

SCALE = float(np.float32(0.05))


def activation(
    name: str, shape: Shape, scale: float = SCALE, zero_point: int = 3, element_type: str = "int8"
) -> TensorRecord:
    """Return a tensor that is computed."""
    return TensorRecord(name, shape, element_type, (float(np.float32(scale)),), zero_point)


def constant(
    name: str, array: AnyArray, scales: Sequence[float] = (), zero_point: int = 0, axis: int = 0
) -> TensorRecord:
    """Return a constant tensor."""
    single = tuple(float(np.float32(scale)) for scale in scales)
    return TensorRecord(name, array.shape, array.dtype.name, single, zero_point, axis, array)


def random_weights(*shape: int, low: int = -127, seed: int = 0) -> AnyArray:
    """Return int8 weights whose least is ``low``."""
    weights = np.random.default_rng(seed).integers(low, 128, shape, dtype=np.int8)
    weights.reshape(-1)[0] = low
    return weights


def one_operator(
    code: str,
    operands: Sequence[TensorRecord],
    result: TensorRecord,
    options: TfliteOptions | None = None,
    version: int = 2,
) -> bytes:
    """Return a file; the operands that are not constants are its inputs."""
    tensors = [*operands, result]
    inputs = [index for index, record in enumerate(operands) if record.data is None]
    output = len(operands)
    operator = OperatorRecord(code, version, tuple(range(output)), (output,), options)
    return write_file(tensors, [operator], inputs, [output])


def fully_connected(
    rows: Shape = (2, 24),
    scales: Sequence[float] = (0.003,),
    low: int = -127,
    channels: int = 5,
    **fields: int,
) -> bytes:
    """Return a FULLY_CONNECTED with random weights [channels][24] and a bias."""
    source = activation("x", rows, 0.0371, -7)
    weights = constant("w", random_weights(channels, 24, low=low), scales)
    biases = np.random.default_rng(1).integers(-900, 900, channels, dtype=np.int32)
    bias = constant("b", biases, [0.0371 * scale for scale in scales])
    result = activation("y", (int(np.prod(rows)) // 24, channels), 0.0913, 11)
    options = TfliteOptions("FullyConnectedOptions", fields)
    return one_operator("FULLY_CONNECTED", [source, weights, bias], result, options)


def with_constant_channel() -> bytes:
    """Return two FULLY_CONNECTED [1][24] -> [1][5] -> [1][3]; channel 2 of five is constant."""
    first = random_weights(5, 24, low=-128)
    first[2] = 0
    tensors = [
        activation("x", (1, 24), 0.0371, -7),
        constant("w", first, [0.003]),
        constant("b", np.arange(5, dtype=np.int32) * 300, [0.0371 * 0.003]),
        activation("h", (1, 5), 0.0913, 11),
        constant("v", random_weights(3, 5, low=-128, seed=1), [0.004]),
        constant("c", np.arange(3, dtype=np.int32), [0.0913 * 0.004]),
        activation("y", (1, 3), 0.0523, -4),
    ]
    options = TfliteOptions("FullyConnectedOptions", {})
    operators = [
        OperatorRecord("FULLY_CONNECTED", 4, (0, 1, 2), (3,), options),
        OperatorRecord("FULLY_CONNECTED", 4, (3, 4, 5), (6,), options),
    ]
    return write_file(tensors, operators, [0], [6])


def imported(data: bytes, folder: Path) -> QuantModel:
    """Write a file, read it, and check what was read."""
    path = folder / "small.tflite"
    path.write_bytes(data)
    model = read_tflite(path)
    verify_quant(model)
    return model


def check_original(data: bytes, folder: Path) -> QuantModel:
    """Assert that the reference gives the bytes of both runtimes on the file; returns the model."""
    model = imported(data, folder)
    chunk = case_chunk(model)
    for runtime in installed_runtimes():
        graph = original_graph(model, data, runtime)
        check_engine(str(runtime), model, TfliteEngine(model, runtime, graph), chunk)
    return model


def with_element_type(record: TensorRecord, element_type: str) -> TensorRecord:
    """Return the tensor in another type, its constant data included."""
    data = None if record.data is None else record.data.astype(element_type)
    return replace(record, element_type=element_type, data=data)
