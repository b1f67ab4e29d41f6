"""Check a whole network on every engine: ONNX Runtime in float32, then all that compute in int8."""

from collections.abc import Mapping
from dataclasses import replace

import onnx
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.op_cases import PROGRAM, check_engine, check_program

from cnnc.codegen.lower import lower
from cnnc.importer.data import Samples, synthetic_samples, to_storage
from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, I8, Tensor
from cnnc.passes.optimize import optimize
from cnnc.passes.simplify import simplify
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.fixed_point import quantize_real
from cnnc.quantize.keep_real import keep_real
from cnnc.quantize.quantize import quantize
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.reference import run_reference
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes


def check_network(proto: onnx.ModelProto, samples: int = 4) -> QuantModel:
    """Assert that a network imports, equals ONNX Runtime, and gives the same bytes everywhere.

    Args:
        proto: Float network.
        samples: Number of random inputs, uniform in [0, 1).

    Returns:
        The int8 network, calibrated on those inputs.
    """
    model = simplify(import_proto(proto))
    compare_with_onnx_runtime(model, proto)
    drawn = synthetic_samples(model.inputs, samples, seed=0)
    return check_int8(model, drawn)


def check_int8(model: FloatModel, samples: Samples) -> QuantModel:
    """Assert that reference, emitted C and TFLite give the same bytes in every layer."""
    integer = optimize(quantize(model, calibrate(model, samples, "minmax")))
    integer = replace(integer, name=PROGRAM)
    batch = next(samples.batches(samples.count))
    inputs = {port.value: to_storage(port, batch[port.name]) for port in model.inputs}
    chunk = int8_chunk(integer, inputs)
    check_program(f"{model.name}: host", integer, lower(integer), chunk)
    for runtime in installed_runtimes():
        engine = TfliteEngine(integer, runtime)
        judges = len(engine.not_compared) < len(integer.nodes)
        check_engine(f"{model.name}: {runtime}", integer, engine, chunk, judges=judges)
    return integer


def check_real(model: FloatModel, inputs: Mapping[str, F32]) -> None:
    """Assert that the C in float32 gives the bits of the float model, computed in its order.

    Args:
        model: The network.
        inputs: By value, storage order, with a leading sample axis.
    """
    real = replace(keep_real(model), name=PROGRAM)
    given: dict[str, Tensor] = dict(inputs)
    chunk = Chunk(first=0, real={}, inputs=given, values=run_reference(real, given))
    check_program(f"{model.name}: real", real, lower(real), chunk)


def int8_chunk(model: QuantModel, inputs: Mapping[str, F32]) -> Chunk:
    """Return samples, quantized as the network's inputs are, with all that it computes."""
    given: dict[str, I8] = {
        name: quantize_real(array, model.values[name].quantization)
        for name, array in inputs.items()
    }
    return Chunk(first=0, real={}, inputs=given, values=run_reference(model, given))
