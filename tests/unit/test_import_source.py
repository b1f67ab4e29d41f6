"""The digest and the copy of a model cover all its files, wherever their tensors stand."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.support import onnx_models as make

from cnnc.errors import ModelError
from cnnc.importer.load import load_onnx
from cnnc.importer.read_onnx import read_onnx
from cnnc.importer.source import external_files, read_source

WEIGHT = np.arange(12, dtype=np.float32).reshape(3, 4)
DATA = WEIGHT.tobytes()


def _tensor(name: str) -> onnx.TensorProto:
    """Return a tensor whose data lie in the file ``<name>.bin``."""
    tensor = numpy_helper.from_array(WEIGHT, name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=f"{name}.bin")
    return tensor


def _constant(name: str, result: str) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [result], value=_tensor(name))


def _in_initializer() -> onnx.ModelProto:
    proto = make.model([make.node("Gemm", "x w", "y")], {"x": (1, 3)})
    proto.graph.initializer.append(_tensor("w"))
    return proto


def _in_constant() -> onnx.ModelProto:
    return make.model([_constant("w", "k"), make.node("Gemm", "x k", "y")], {"x": (1, 3)})


def _in_branch() -> onnx.ModelProto:
    branch = make.subgraph([_constant("w", "k"), make.node("Gemm", "x k", "r")], "r")
    other = make.subgraph([make.node("Gemm", "x k", "r")], "r")
    other.initializer.append(_tensor("other"))
    nodes = [make.node("If", "flag", "y", then_branch=branch, else_branch=other)]
    return make.model(nodes, {"x": (1, 3)}, weights={"flag": np.array(True)})


def _in_function() -> onnx.ModelProto:
    proto = make.model([make.node("Dense", "x", "y", domain="local")], {"x": (1, 3)})
    proto.opset_import.append(helper.make_opsetid("local", 1))
    body = [_constant("w", "k"), make.node("Gemm", "a k", "b")]
    opsets = [helper.make_opsetid("", 17)]
    proto.functions.append(helper.make_function("local", "Dense", ["a"], ["b"], body, opsets))
    return proto


MODELS = [
    (_in_initializer(), ["w.bin"]),
    (_in_constant(), ["w.bin"]),
    (_in_branch(), ["other.bin", "w.bin"]),
    (_in_function(), ["w.bin"]),
]
IDS = ["initializer", "constant", "branch", "function"]


def _save(folder: Path, proto: onnx.ModelProto, files: list[str]) -> Path:
    for name in files:
        (folder / name).write_bytes(DATA)
    return make.save(folder, proto)


@pytest.mark.parametrize(("proto", "files"), MODELS, ids=IDS)
def test_every_file_is_digested(tmp_path: Path, proto: onnx.ModelProto, files: list[str]) -> None:
    path = _save(tmp_path, proto, files)

    source = read_source(path)

    assert external_files(path) == [tmp_path / name for name in files]
    whole = path.read_bytes() + DATA * len(files)
    assert source.sha256 == hashlib.sha256(whole).hexdigest()
    (tmp_path / files[-1]).write_bytes(DATA[::-1])
    assert read_source(path).sha256 != source.sha256


@pytest.mark.parametrize(("proto", "files"), MODELS, ids=IDS)
def test_the_copy_needs_no_other_file(
    tmp_path: Path, proto: onnx.ModelProto, files: list[str]
) -> None:
    copied = read_source(_save(tmp_path, proto, files)).copy
    assert copied is not None
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "model.onnx").write_bytes(copied)

    assert external_files(alone / "model.onnx") == []
    assert read_onnx(alone / "model.onnx").nodes


@pytest.mark.parametrize(("proto", "files"), MODELS, ids=IDS)
def test_every_missing_file_is_named(
    tmp_path: Path, proto: onnx.ModelProto, files: list[str]
) -> None:
    path = _save(tmp_path, proto, files)
    (tmp_path / files[-1]).unlink()

    with pytest.raises(ModelError, match=f"'{files[-1]}', which is missing"):
        load_onnx(path)
