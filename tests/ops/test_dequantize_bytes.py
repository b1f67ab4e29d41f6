"""DequantizeBytes: quantized models whose inputs and outputs are 8-bit integers themselves."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.support.compiling import no_progress
from tests.support.onnx_models import model, node
from tests.support.op_cases import OpCase, check_case, check_real_case
from tests.support.quantized_onnx import kept

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import AnyArray, ElementType, Quantization
from cnnc.ops.dequantize_bytes import DequantizeBytes
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.request import SimulationRequest
from cnnc.simulator.run import simulate

INT8, UINT8 = ElementType.INT8, ElementType.UINT8
CASES = (
    OpCase(
        "unsigned",
        DequantizeBytes(0.03, 120),
        ((1, 8, 9, 3),),
        ((0.0, 255.0),),
        output_range=(-3.6, 4.05),
        input_types=(UINT8,),
    ),
    OpCase(
        "signed",
        DequantizeBytes(0.5, -128),
        ((2, 70),),
        ((-128.0, 127.0),),
        output_range=(0.0, 127.5),
        input_types=(INT8,),
    ),
    OpCase(
        "one_element",
        DequantizeBytes(2.0, 255),
        ((1,),),
        ((0.0, 255.0),),
        output_range=(-510.0, 0.0),
        input_types=(UINT8,),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bytes_become_int8_by_a_table(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_kernel_gives_the_same_bits(case: OpCase) -> None:
    check_real_case(case)


def test_integers_of_more_than_eight_bits_are_refused() -> None:
    with pytest.raises(UnsupportedAttributeError, match="int32"):
        DequantizeBytes(1.0, 0).output_type([ElementType.INT32])


def _network(zero_point: AnyArray | None, kind: str = "uint8") -> onnx.ModelProto:
    """Return x -> DequantizeLinear -> Conv -> QuantizeLinear -> y, both ends of 8 bits."""
    generator = np.random.default_rng(5)
    # Numbers that int8 has, so that the only errors are those of rounding.
    weight = generator.integers(-126, 127, (4, 3, 3, 3)).astype(np.float32) / 64
    weight[:, 0, 0, 0] = 127 / 64
    weights: dict[str, object] = {
        "s": np.float32(1 / 64),
        "w": weight,
        "ys": np.float32(0.25),
        "yz": np.array(131 if kind == "uint8" else 3, kind),
    }
    if zero_point is not None:
        weights["z"] = zero_point
    nodes = [
        node("DequantizeLinear", "x s" if zero_point is None else "x s z", "r"),
        node("Conv", "r w", "c", pads=[1, 1, 1, 1]),
        node("QuantizeLinear", "c ys yz", "y"),
    ]
    proto = model(nodes, {"x": (1, 3, 6, 5)}, ["y"], weights, 17)
    for port in (proto.graph.input[0], proto.graph.output[0]):
        port.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    return proto


@pytest.mark.parametrize("zero_point", [None, 120])
def test_input_has_the_format_of_the_model(zero_point: int | None) -> None:
    proto = _network(None if zero_point is None else np.array(zero_point, np.uint8))
    network = kept(proto).model
    first = network.nodes[0]
    assert [entry.op.kind for entry in network.nodes] == ["dequantize_bytes", "conv2d"]
    wanted = Quantization(1 / 64, (zero_point or 0) - 128)
    assert network.values[first.output].format == wanted
    assert network.values["x"].element_type is UINT8


@pytest.mark.parametrize(("kind", "zero_point"), [("uint8", 120), ("int8", -7)])
def test_engines_agree_and_onnx_runtime_within_a_step(
    tmp_path: Path, kind: str, zero_point: int
) -> None:
    proto = _network(np.array(zero_point, kind), kind)
    path, data = tmp_path / "bytes.onnx", tmp_path / "data.npz"
    onnx.save(proto, str(path))
    limits = np.iinfo(kind)
    generator = np.random.default_rng(6)
    x = generator.integers(limits.min, limits.max, (8, 3, 6, 5), np.dtype(kind), endpoint=True)
    np.savez(data, x=x)
    directory, _ = compile_to_folder(
        CompileOptions(model=path, output=tmp_path / "out"), no_progress, print
    )
    report = simulate(directory, SimulationRequest(inputs=data))
    engines = report.to_json()["engines"]
    assert engines["host"]["bit_exact"] is True
    assert engines["tflite"]["bit_exact"] is True
    assert engines["float"]["max_absolute_error"] <= 0.25
    assert engines["float"]["sqnr_db"] > 30.0
