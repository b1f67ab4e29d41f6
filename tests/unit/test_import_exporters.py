"""What exporters write beside plain nodes: spellings of versions, chains that fold, odd graphs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.support import onnx_models as make
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto

from cnnc.errors import UnsupportedOpError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel
from cnnc.passes.simplify import simplify


def _equal(proto: onnx.ModelProto) -> FloatModel:
    """Return the simplified network after comparing it with ONNX Runtime."""
    model = simplify(import_proto(proto))
    compare_with_onnx_runtime(model, proto)
    return model


@pytest.mark.parametrize("opset", [7, 9, 10, 11, 12, 13, 18, 20])
def test_attributes_and_operands_of_every_version(opset: int) -> None:
    """Axes, bounds, pads and steps were attributes before they were operands."""
    weights: dict[str, object] = {"shape": np.array([2, 3, 16])}
    nodes = [
        _pad(opset, weights),
        _clip(opset, weights),
        make.node("Reshape", "b shape", "c"),
        _with_axes("Unsqueeze", "c", "d", [0], opset, 13, weights),
        _with_axes("Squeeze", "d", "e", [0], opset, 13, weights),
        _slice(opset, weights),
        _with_axes("ReduceMean", "f", "g", [2], opset, 18, weights),
        _with_axes("ReduceSum", "g", "y", [1], opset, 13, weights),
    ]
    _equal(make.model(nodes, {"x": (1, 2, 4, 10)}, ["y"], weights, opset=opset))


def _pad(opset: int, weights: dict[str, object]) -> onnx.NodeProto:
    pads = [0, 0, 0, 1, 0, 0, 0, 1]
    if opset < 11:
        return make.node("Pad", "x", "a", pads=pads)
    weights["pads"] = np.array(pads)
    return make.node("Pad", "x pads", "a")


def _clip(opset: int, weights: dict[str, object]) -> onnx.NodeProto:
    if opset < 11:
        return make.node("Clip", "a", "b", min=-1.0)
    weights["low"] = np.array(-1.0, np.float32)
    return make.node("Clip", "a low", "b")


def _slice(opset: int, weights: dict[str, object]) -> onnx.NodeProto:
    if opset < 10:
        return make.node("Slice", "e", "f", starts=[1], ends=[2**31 - 1], axes=[-1])
    weights |= {"starts": np.array([1]), "ends": np.array([2**63 - 1]), "last": np.array([-1])}
    return make.node("Slice", "e starts ends last", "f")


def _with_axes(  # noqa: PLR0913, PLR0917 (a node and since when its axes are an operand)
    op_type: str,
    operand: str,
    result: str,
    axes: list[int],
    opset: int,
    since: int,
    weights: dict[str, object],
) -> onnx.NodeProto:
    if opset < since:
        return make.node(op_type, operand, result, axes=axes)
    weights[f"{result}_axes"] = np.array(axes)
    return make.node(op_type, f"{operand} {result}_axes", result)


@pytest.mark.parametrize("opset", [7, 9])
def test_upsample(opset: int) -> None:
    scales = [1.0, 1.0, 2.0, 3.0]
    node = make.node("Upsample", "x", "y", scales=scales)
    weights: dict[str, object] = {}
    if opset == 9:
        weights["scales"] = np.array(scales, np.float32)
        node = make.node("Upsample", "x scales", "y")
    _equal(make.model([node], {"x": (1, 2, 3, 4)}, ["y"], weights, opset=opset))


def test_split_by_count_and_by_sizes() -> None:
    nodes = [
        make.node("Split", "x", "a b c", axis=1, num_outputs=3),
        make.node("Split", "b sizes", "- d", axis=1),
        make.node("Concat", "d c a", "y", axis=1),
    ]
    # Three parts of seven channels: 3, 3 and 1.
    proto = make.model(nodes, {"x": (1, 7, 2, 2)}, ["y"], {"sizes": np.array([1, 2])}, opset=18)
    assert _equal(proto).outputs[0].onnx_shape == (1, 6, 2, 2)


def test_view_with_a_dynamic_batch_folds_away() -> None:
    """Shape > Gather > Unsqueeze > Concat > Reshape, and what legacy torch writes for chunk."""
    weights = {"zero": np.array(0), "first": np.array([0]), "rest": np.array([-1])}
    weights |= {"two": np.array(2), "one": np.array(1), "axis": np.array([1])}
    nodes = [
        make.node("Shape", "x", "s"),
        make.node("Gather", "s one", "channels", axis=0),
        make.node("Add", "channels one", "more"),
        make.node("Div", "more two", "half"),
        make.node("Mul", "half one", "end"),
        make.node("Unsqueeze", "end first", "ends"),
        make.node("Slice", "x first ends axis", "part"),
        make.node("Gather", "s zero", "batch", axis=0),
        make.node("Unsqueeze", "batch first", "batches"),
        make.node("Concat", "batches rest", "target", axis=0),
        make.node("Cast", "target", "target64", to=TensorProto.INT64),
        make.node("Reshape", "part target64", "y"),
    ]
    model = _equal(make.model(nodes, {"x": ("N", 5, 2, 2)}, ["y"], weights))

    assert model.outputs[0].onnx_shape == (1, 12)
    assert len(model.nodes) <= 3


def test_shared_parameters_behind_an_identity() -> None:
    weights = {"w": np.ones((2, 2, 1, 1), np.float32), "b": np.ones(2, np.float32)}
    nodes = [
        make.node("Identity", "b", "b2"),
        make.node("Conv", "x w b", "a"),
        make.node("Conv", "a w b2", "y"),
    ]
    _equal(make.model(nodes, {"x": (1, 2, 3, 3)}, ["y"], weights))


def test_nodes_of_one_name_and_optional_results() -> None:
    nodes = [
        make.node("Relu", "x", "a", "same"),
        make.node("Dropout", "a", "b mask", "same"),
        make.node("MaxPool", "b", "y", "same", kernel_shape=[2, 2]),
    ]
    model = import_proto(make.model(nodes, {"x": (1, 2, 4, 4)}, ["y"]))
    assert model.outputs[0].onnx_shape == (1, 2, 3, 3)
    assert len({node.name for node in model.nodes}) == len(model.nodes)


def test_local_functions_within_functions() -> None:
    domain = "my.functions"
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    inner = helper.make_function(
        domain, "Twice", ["v"], ["w"], [make.node("Add", "v v", "w")], imports
    )
    outer_nodes = [make.node("Twice", "v", "t"), make.node("Relu", "t", "w")]
    outer_nodes[0].domain = domain
    outer = helper.make_function(domain, "Block", ["v"], ["w"], outer_nodes, imports)
    nodes = [make.node("Block", "x", "a"), make.node("Block", "a", "y")]
    for node in nodes:
        node.domain = domain
    proto = make.model(nodes, {"x": (1, 2, 3, 3)}, ["y"])
    proto.opset_import.append(helper.make_opsetid(domain, 1))
    proto.functions.extend([inner, outer])
    _equal(proto)


def test_convolution_scaled_shifted_and_normalized_is_one_layer() -> None:
    """Eager quantization-aware training: Conv > Div > Add > BatchNormalization > Relu."""
    weights = {"w": np.ones((4, 2, 3, 3), np.float32), "d": np.full((1, 4, 1, 1), 0.5, np.float32)}
    weights |= {"a": np.linspace(0, 1, 4, dtype=np.float32).reshape(1, 4, 1, 1)}
    weights |= {name: np.linspace(0.5, 1.5, 4, dtype=np.float32) for name in ("g", "b", "m", "v")}
    nodes = [
        make.node("Conv", "x w", "c"),
        make.node("Div", "c d", "e"),
        make.node("Add", "e a", "f"),
        make.node("BatchNormalization", "f g b m v", "n"),
        make.node("Relu", "n", "y"),
    ]
    model = _equal(make.model(nodes, {"x": (1, 2, 6, 6)}, ["y"], weights))
    assert [node.op.kind for node in model.nodes] == ["conv2d"]


def _counting_loop() -> onnx.NodeProto:
    body = helper.make_graph(
        [make.node("Identity", "keep_in", "keep_out"), make.node("Relu", "v_in", "v_out")],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("keep_in", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v_in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("keep_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v_out", TensorProto.FLOAT, None),
        ],
    )
    return make.node("Loop", "count always x", "y", "again", body=body)


def test_loops_are_refused_with_a_remedy(tmp_path: Path) -> None:
    weights = {"count": np.array(3), "always": np.array(True)}
    path = make.save(tmp_path, make.model([_counting_loop()], {"x": (1, 3)}, ["y"], weights))

    with pytest.raises(UnsupportedOpError) as caught:
        read_onnx(path)

    assert "Loop node 'again'" in caught.value.problem
    assert "unrolls" in caught.value.remedy


def test_user_code_is_named_in_the_error(tmp_path: Path) -> None:
    node = make.node("Einsum", "x", "y", "odd", equation="ij->ji")
    trace = 'File "/home/me/net.py", line 12, in forward\n    return x.t()'
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace)
    path = make.save(tmp_path, make.model([node], {"x": (1, 3)}))

    with pytest.raises(UnsupportedOpError, match=r"'odd' \(/home/me/net.py:12\)"):
        read_onnx(path)
