"""A small quantized model from the file to the C: formats, report, engines."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.support.onnx_models import model, node, save

from cnnc.importer.inspect import inspect_onnx
from cnnc.ir.types import Rounding
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.report.compile_report import CompileReport
from cnnc.simulator.run import SimulationRequest, simulate

_RANDOM = np.random.default_rng(11)


def _pair(source: str, target: str, zero_point: str) -> list[onnx.NodeProto]:
    scale = f"{target}_scale"
    return [
        node("QuantizeLinear", f"{source} {scale} {zero_point}", f"{target}_q"),
        node("DequantizeLinear", f"{target}_q {scale} {zero_point}", target),
    ]


def _network(*, with_last_format: bool = True, bits: int = 8) -> onnx.ModelProto:
    wide = bits == 16
    nodes = [
        *_pair("x", "a", "middle"),
        node("DequantizeLinear", "w w_scale", "w_real", axis=0),
        node("Conv", "a w_real bias", "b", pads=[1, 1, 1, 1]),
        node("Relu", "b", "c"),
        *_pair("c", "d", "lowest"),
        node("MaxPool", "d", "e", kernel_shape=[2, 2], strides=[2, 2]),
        *_pair("e", "f", "lowest"),
        node("Flatten", "f", "g"),
        node("DequantizeLinear", "v v_scale", "v_real"),
        node("Gemm", "g v_real", "h" if with_last_format else "y", transB=1),
        *(_pair("h", "y", "middle") if with_last_format else []),
    ]
    weights: dict[str, object] = {
        "middle": np.int16(0) if wide else np.uint8(128),
        "lowest": np.int16(0) if wide else np.uint8(0),
        "w": _RANDOM.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
        "w_scale": np.array([0.01, 0.02, 0.005, 0.013], np.float32),
        "bias": _RANDOM.normal(size=4).astype(np.float32),
        "v": _RANDOM.integers(-128, 128, (5, 64)).astype(np.int8),
        "v_scale": np.float32(0.004),
        "a_scale": np.float32(0.02),
        "d_scale": np.float32(0.04),
        "f_scale": np.float32(0.04),
        "y_scale": np.float32(0.07),
    }
    return model(nodes, {"x": (1, 3, 8, 8)}, ["y"], weights, opset=21 if wide else 17)


def _compile(
    folder: Path, proto: onnx.ModelProto, rounding: Rounding | None = None
) -> tuple[Path, CompileReport]:
    path = save(folder, proto)
    options = CompileOptions(model=path, output=folder / "out", rounding=rounding)
    return compile_to_folder(options, no_progress, lambda _: None)


@pytest.mark.parametrize("rounding", [None, "double"])
def test_engines_are_equal_and_near_onnx_runtime(tmp_path: Path, rounding: Rounding | None) -> None:
    directory, report = _compile(tmp_path, _network(), rounding)
    assert report.rounding == (rounding or "single")
    assert report.calibration["method"] == "given"
    assert not report.calibration["synthetic"]
    assert [layer.op for layer in report.layers] == [
        "conv2d",
        "max_pool",
        "reshape",
        "fully_connected",
    ]
    results = simulate(directory, SimulationRequest(random=20))
    assert results.results["host"].bit_exact
    assert results.results["tflite"].bit_exact
    assert results.float_result is not None
    assert results.float_result["top1_agreement"] == 1.0


def test_an_output_without_a_format_asks_for_data(tmp_path: Path) -> None:
    _, report = _compile(tmp_path, _network(with_last_format=False))
    assert report.calibration["synthetic"]
    assert report.calibration["method"].startswith("given, ")


def test_sixteen_bits_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, report = _compile(tmp_path, _network(bits=16))
    assert "the model quantizes 4 tensor(s) to 16 bits" in caplog.text
    assert report.calibration["synthetic"]


def test_inspect_counts_what_is_quantized(tmp_path: Path) -> None:
    found = inspect_onnx(save(tmp_path, _network())).to_json()["quantization"]
    assert found == {
        "activations": 4,
        "wide_activations": 0,
        "constants": 2,
        "asymmetric_constants": 0,
    }
    plain = model([node("Relu", "x", "y")], {"x": (1, 3)})
    assert inspect_onnx(save(tmp_path, plain)).to_json()["quantization"] is None


def test_float32_computes_the_models_own_rounding(tmp_path: Path) -> None:
    path = save(tmp_path, _network())
    options = CompileOptions(model=path, output=tmp_path / "real", dtype="float32")
    directory, _ = compile_to_folder(options, no_progress, lambda _: None)
    results = simulate(directory, SimulationRequest(random=5))
    assert results.results["host"].bit_exact
