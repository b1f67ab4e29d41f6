"""Every way in which a model file can be broken is named, with what to do."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, defs, helper
from tests.support import onnx_models as make

from cnnc.errors import ModelError
from cnnc.importer.initializer import detach_initializers
from cnnc.importer.load import load_onnx
from cnnc.importer.read_onnx import read_onnx

WEIGHT = np.arange(600, dtype=np.float32).reshape(20, 30)


def _gemm(opset: int = 17) -> onnx.ModelProto:
    return make.model(
        [make.node("Gemm", "x w", "y", "dense")], {"x": (1, 20)}, weights={"w": WEIGHT}, opset=opset
    )


def _external(folder: Path) -> Path:
    path = folder / "model.onnx"
    onnx.save_model(
        _gemm(), str(path), save_as_external_data=True, location="w.bin", size_threshold=0
    )
    return path


def _set_entry(path: Path, key: str, value: str) -> None:
    """Change one entry of the description of external data."""
    proto = onnx.load_model(str(path), load_external_data=False)
    for entry in proto.graph.initializer[0].external_data:
        if entry.key == key:
            entry.value = value
    path.write_bytes(proto.SerializeToString())


def _refusal(path: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load_onnx(path)
    assert caught.value.remedy
    assert str(path) in caught.value.problem
    return caught.value


def _whole(folder: Path) -> bytes:
    return make.save(folder, _gemm(), "whole.onnx").read_bytes()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is not an ONNX file"),
        (b"hello world, this is no model", "is not an ONNX file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (slice(40), "is cut short or damaged"),
        (slice(-20), "is cut short or damaged"),
        (slice(2), "is cut short or damaged"),
    ],
    ids=["empty", "png", "text", "lfs", "start", "most", "version-only"],
)
def test_content_that_is_no_model(tmp_path: Path, content: bytes | slice, problem: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(_whole(tmp_path)[content] if isinstance(content, slice) else content)

    assert problem in _refusal(path).problem


def test_no_prefix_of_a_model_is_accepted(tmp_path: Path) -> None:
    whole = _whole(tmp_path)
    path = tmp_path / "m.onnx"

    for kept in range(0, len(whole), 7):
        path.write_bytes(whole[:kept])
        _refusal(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "does not exist" in _refusal(tmp_path / "none.onnx").problem
    assert "is a folder" in _refusal(tmp_path).problem


def test_empty_graph(tmp_path: Path) -> None:
    proto = make.model([], {"x": (1, 4)}, [])

    assert "has no nodes and no outputs" in _refusal(make.save(tmp_path, proto)).problem


@pytest.mark.parametrize(
    ("opset", "problem", "remedy"),
    [
        (6, "opset 6; the oldest that is supported is 7", "opset_version, e.g. 17"),
        (
            defs.onnx_opset_version() + 1,
            f"knows up to {defs.onnx_opset_version()}",
            "pip install -U onnx",
        ),
    ],
)
def test_opset_out_of_range(tmp_path: Path, opset: int, problem: str, remedy: str) -> None:
    error = _refusal(make.save(tmp_path, _gemm(opset)))

    assert problem in error.problem
    assert remedy in error.remedy


def test_no_standard_opset(tmp_path: Path) -> None:
    proto = _gemm()
    proto.opset_import[0].domain = "my.company"

    assert "its operator domains are 'my.company'" in _refusal(make.save(tmp_path, proto)).problem


def test_external_data_are_loaded(tmp_path: Path) -> None:
    proto = load_onnx(_external(tmp_path))

    assert np.array_equal(onnx.numpy_helper.to_array(proto.graph.initializer[0]), WEIGHT)


def test_external_weights_are_mapped_where_they_lie(tmp_path: Path) -> None:
    path = _external(tmp_path)

    light, arrays = detach_initializers(load_onnx(path, leave_initializers=True), path)

    assert isinstance(arrays["w"], np.memmap)
    assert np.array_equal(arrays["w"], WEIGHT)
    assert not light.graph.initializer[0].raw_data


def test_external_file_that_is_too_short(tmp_path: Path) -> None:
    path = _external(tmp_path)
    (data,) = [file for file in tmp_path.iterdir() if file != path]
    data.write_bytes(data.read_bytes()[:-4])

    for leave in (False, True):
        with pytest.raises(ModelError, match="which cannot be used"):
            detach_initializers(load_onnx(path, leave_initializers=leave), path)


def test_external_data_in_an_attribute_are_loaded(tmp_path: Path) -> None:
    tensor = onnx.numpy_helper.from_array(WEIGHT, "w")
    nodes = [make.node("Constant", "", "w", value=tensor), make.node("Gemm", "x w", "y")]
    path = tmp_path / "m.onnx"
    onnx.save_model(
        make.model(nodes, {"x": (1, 20)}),
        str(path),
        save_as_external_data=True,
        location="w.bin",
        size_threshold=0,
        convert_attribute=True,
    )
    assert (tmp_path / "w.bin").stat().st_size == WEIGHT.nbytes

    assert read_onnx(path).nodes


def test_missing_external_data(tmp_path: Path) -> None:
    path = _external(tmp_path)
    (tmp_path / "w.bin").unlink()

    error = _refusal(path)

    assert "weights 'w'" in error.problem
    assert "'w.bin', which is missing" in error.problem
    assert f"put 'w.bin' beside the model, into the folder '{tmp_path}'" in error.remedy


def test_truncated_external_data(tmp_path: Path) -> None:
    path = _external(tmp_path)
    (tmp_path / "w.bin").write_bytes(b"abc")

    assert "cannot be used" in _refusal(path).problem


@pytest.mark.parametrize("location", ["../secret.bin", "sub/../../secret.bin", "/etc/passwd", ""])
def test_external_data_outside_the_folder(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret.bin").write_bytes(WEIGHT.tobytes())
    folder = tmp_path / "models"
    folder.mkdir()
    path = _external(folder)
    _set_entry(path, "location", location)

    assert "outside the model's folder" in _refusal(path).problem


@pytest.mark.parametrize(("key", "value"), [("offset", "-5"), ("length", "many")])
def test_damaged_description_of_external_data(tmp_path: Path, key: str, value: str) -> None:
    path = _external(tmp_path)
    _set_entry(path, key, value)

    assert "cannot be used" in _refusal(path).problem


def test_local_functions_are_inlined(tmp_path: Path) -> None:
    proto = make.model([make.node("Twice", "x", "y", domain="mine")], {"x": (1, 4)})
    body = [make.node("Relu", "a", "t"), make.node("Relu", "t", "b")]
    imports = [helper.make_opsetid("", 17)]
    proto.functions.append(helper.make_function("mine", "Twice", ["a"], ["b"], body, imports))
    proto.opset_import.append(helper.make_opsetid("mine", 1))

    imported = read_onnx(make.save(tmp_path, proto))

    assert [item.op.kind for item in imported.nodes] == ["clip", "clip"]


def test_sparse_initializer(tmp_path: Path) -> None:
    proto = _gemm()
    values = helper.make_tensor("s", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))

    assert "initializer 's'" in _refusal(make.save(tmp_path, proto)).problem
