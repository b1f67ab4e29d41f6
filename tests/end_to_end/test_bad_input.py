"""Bad input gets one clear message, exit status 2, no traceback and no partial output."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnc.cli import compile_, main

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist"
MODEL = EXAMPLE / "resnet_s.onnx"


def _fail(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, str]:
    status = main([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert status == 2, captured
    assert "Traceback" not in captured.err
    assert captured.err.count("error:") == 1
    error: dict[str, str] = json.loads(captured.out)["error"]
    assert set(error) == {"problem", "remedy", "where"}
    return error


@pytest.fixture
def compile_fails(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., dict[str, str]]:
    def attempt(model: Path, *arguments: str | Path) -> dict[str, str]:
        out = tmp_path / "out"
        error = _fail(capsys, "compile", model, "-o", out, *arguments)
        assert not out.exists()
        assert not list(tmp_path.glob(".cnnc-*"))
        return error

    return attempt


def _save_model(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: dict[str, np.ndarray[Any, Any]] | None = None,
    shape: tuple[int | str, ...] = (1, 1, 8, 8),
) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(model, str(path))
    return path


def test_no_such_file(compile_fails: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    error = compile_fails(tmp_path / "none.onnx")

    assert "none.onnx" in error["problem"]


def test_not_an_onnx_file(compile_fails: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    fake = tmp_path / "picture.onnx"
    fake.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))

    assert "picture.onnx" in compile_fails(fake)["problem"]


def test_empty_file(compile_fails: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    fake = tmp_path / "empty.onnx"
    fake.write_bytes(b"")

    assert "empty.onnx" in compile_fails(fake)["problem"]


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_truncated_file(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path, kept: float
) -> None:
    whole = MODEL.read_bytes()
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(whole[: int(len(whole) * kept)])

    assert "cut.onnx" in compile_fails(cut)["problem"]


def test_missing_external_data(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    model = onnx.load_model(str(MODEL))
    path = tmp_path / "m.onnx"
    onnx.save_model(
        model, str(path), save_as_external_data=True, location="m.onnx.data", size_threshold=0
    )
    (tmp_path / "m.onnx.data").unlink()

    error = compile_fails(path)

    assert "m.onnx.data" in error["problem"] + error["remedy"]


def test_every_unsupported_node_is_listed(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    nodes = [
        helper.make_node("Einsum", ["x"], ["a"], name="first", equation="abcd->abdc"),
        helper.make_node("Relu", ["a"], ["b"], name="fine"),
        helper.make_node("NonZero", ["b"], ["y"], name="second"),
    ]

    problem = compile_fails(_save_model(tmp_path / "m.onnx", nodes))["problem"]

    assert "Einsum node 'first'" in problem
    assert "NonZero node 'second'" in problem
    assert "fine" not in problem


def test_tensor_that_is_defined_twice(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"], name="first"),
        helper.make_node("Sigmoid", ["x"], ["y"], name="second"),
    ]

    error = compile_fails(_save_model(tmp_path / "m.onnx", nodes))

    assert "'second': it defines 'y', which Relu node 'first' defines" in error["problem"]
    assert "export the model again" in error["remedy"]


@pytest.mark.parametrize(
    ("op_type", "operand", "problem"),
    [
        ("Squeeze", [4], "axis 4 does not exist in rank 4"),
        ("Unsqueeze", [1, 1], "axes [1, 1] name axis 1 twice"),
        ("Reshape", [1, 1, 8, 8, 0], "which a tensor of shape [1, 1, 8, 8] does not have"),
    ],
)
def test_operands_that_make_no_sense(
    compile_fails: Callable[..., dict[str, str]],
    tmp_path: Path,
    op_type: str,
    operand: list[int],
    problem: str,
) -> None:
    nodes = [helper.make_node(op_type, ["x", "operand"], ["y"], name="odd")]
    path = _save_model(tmp_path / "m.onnx", nodes, {"operand": np.array(operand)})

    error = compile_fails(path)

    assert f"{op_type} node 'odd'" in error["problem"]
    assert problem in error["problem"]
    assert "without" not in error["remedy"]


def test_missing_external_data_of_a_constant_node(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    tensor = numpy_helper.from_array(np.ones((1, 1, 8, 8), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    nodes = [
        helper.make_node("Constant", [], ["k"], value=tensor),
        helper.make_node("Add", ["x", "k"], ["y"]),
    ]

    assert (
        "'w.bin', which is missing"
        in compile_fails(_save_model(tmp_path / "m.onnx", nodes))["problem"]
    )


def test_scalar_network_compiles(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "two"], ["y"]),
    ]
    path = _save_model(tmp_path / "m.onnx", nodes, {"two": np.array(2, np.float32)})

    assert main(["compile", str(path), "-o", str(tmp_path / "out")]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_dynamic_shape(compile_fails: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="r")]
    path = _save_model(tmp_path / "m.onnx", nodes, shape=("N", 3, "H", "W"))

    error = compile_fails(path)

    assert "x" in error["problem"]
    assert "--input-shape" in error["remedy"]


def test_weights_with_nan(compile_fails: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    weights = np.ones((2, 1, 3, 3), np.float32)
    weights[1, 0, 2, 2] = np.nan
    nodes = [helper.make_node("Conv", ["x", "kernel"], ["y"], name="c")]

    error = compile_fails(_save_model(tmp_path / "m.onnx", nodes, {"kernel": weights}))

    assert "kernel" in error["problem"]
    assert "NaN" in error["problem"]


def test_unknown_target(compile_fails: Callable[..., dict[str, str]]) -> None:
    error = compile_fails(MODEL, "--target", "rpj")

    assert "unknown target 'rpj'" in error["problem"]
    assert "did you mean 'rpi'?" in error["remedy"]


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (np.zeros((4, 1, 28, 27), np.float32), "28"),
        (np.zeros((4, 28, 28), np.float32), "28"),
        (np.zeros((4, 1, 28, 28), np.float16), "float32"),
        (np.zeros((4, 1, 28, 28), np.uint8), "float32"),
        (np.full((4, 1, 28, 28), np.nan, np.float32), "NaN"),
        (np.zeros((0, 1, 28, 28), np.float32), "no samples"),
    ],
    ids=["shape", "rank", "float16", "uint8", "nan", "empty"],
)
def test_calibration_data_that_do_not_fit(
    compile_fails: Callable[..., dict[str, str]],
    tmp_path: Path,
    samples: np.ndarray[Any, Any],
    word: str,
) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x=samples)

    error = compile_fails(MODEL, "--calibration", data)

    assert "data.npz" in error["problem"] + error["where"]
    assert word in error["problem"] + error["remedy"]


def test_calibration_file_missing(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    error = compile_fails(MODEL, "--calibration", tmp_path / "none.npz")

    assert "none.npz" in error["problem"]


def test_calibration_key_missing(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, images=np.zeros((1, 1, 28, 28), np.float32))

    error = compile_fails(MODEL, "--calibration", data)

    assert "images" in error["problem"] + error["remedy"]


@pytest.mark.parametrize("name", ["int", "1st", "a-b", "", "x" * 300, "naïve", "a;b"])
def test_bad_identifier(compile_fails: Callable[..., dict[str, str]], name: str) -> None:
    assert compile_fails(MODEL, "--name", name)["problem"]


def test_output_is_a_foreign_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    error = _fail(capsys, "compile", MODEL, "-o", tmp_path)

    assert "not empty" in error["problem"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_output_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    error = _fail(capsys, "compile", MODEL, "-o", tmp_path / "file" / "out")

    assert "cannot be written" in error["problem"]


def test_does_not_fit_in_ram(compile_fails: Callable[..., dict[str, str]]) -> None:
    error = compile_fails(MODEL, "--ram", "4K")

    assert "bytes of RAM" in error["problem"]
    assert "more than the 4,096 bytes" in error["problem"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["compile"],
        ["compile", str(MODEL), "--rounding", "triple"],
        ["compile", str(MODEL), "--ram", "lots"],
        ["compile", str(MODEL), "--input-shape", "x"],
        ["compile", str(MODEL), "--input-shape", "nope=1,1,28,28"],
        ["simulate", "/nonexistent"],
        ["evaluate", str(MODEL), "--data", "/nonexistent.npz"],
        ["frobnicate"],
    ],
    ids=" ".join,
)
def test_usage_errors(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert _fail(capsys, *arguments)["problem"]


def test_input_that_c_cannot_index(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    model = _save_model(
        tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], shape=(1, 3, 30000, 30000)
    )

    error = compile_fails(model)
    assert error["problem"] == (
        "input 'x' of shape [1, 3, 30000, 30000] has 2,700,000,000 elements; at most 536,870,911 "
        "can be indexed in C"
    )
    assert "smaller input" in error["remedy"]


def test_result_that_c_cannot_index(
    compile_fails: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    node = helper.make_node("Expand", ["x", "shape"], ["y"], name="repeat")
    shape = np.array([1, 3, 30000, 30000], np.int64)
    model = _save_model(tmp_path / "m.onnx", [node], {"shape": shape}, (1, 3, 1, 1))

    error = compile_fails(model)
    assert error["problem"].startswith("Expand node 'repeat': a result of shape [1, 30000, 30000")
    assert "2,700,000,000 elements" in error["problem"]


def test_too_little_memory_is_no_bug_of_the_compiler(
    compile_fails: Callable[..., dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError("Unable to allocate 40 GiB")  # as NumPy words it

    monkeypatch.setattr(compile_, "compile_to_folder", exhausted)
    model = _save_model(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])])

    error = compile_fails(model)
    assert "too little memory for the network: Unable to allocate 40 GiB" in error["problem"]
    assert "more memory" in error["remedy"]
