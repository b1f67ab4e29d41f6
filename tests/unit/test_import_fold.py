"""What depends on constants and static shapes alone is computed while the graph is read."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, defs, helper, numpy_helper
from tests.support import onnx_models as make

from cnnc.errors import ModelError, UnsupportedOpError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel
from cnnc.ops.reshape import Reshape

NEWEST = defs.onnx_opset_version()


def _constant(name: str, values: npt.ArrayLike) -> onnx.NodeProto:
    return make.node("Constant", "", name, value=numpy_helper.from_array(np.asarray(values), name))


def _kinds(model: FloatModel) -> list[str]:
    return [node.op.kind for node in model.nodes]


def _reshaped(
    folder: Path,
    nodes: list[onnx.NodeProto],
    shape: make.Extents = (1, 3, 4, 5),
    opset: int = 17,
    **weights: npt.ArrayLike,
) -> tuple[int, ...]:
    """Import nodes that compute ``target``, then Reshape; return the shape that was found."""
    proto = make.model(
        [*nodes, make.node("Reshape", "x target", "y")],
        {"x": shape},
        weights=weights,
        opset=opset,
    )
    model = read_onnx(make.save(folder, proto))
    assert isinstance(model.nodes[-1].op, Reshape)
    return model.outputs[0].onnx_shape


@pytest.mark.parametrize("opset", range(7, NEWEST + 1))
def test_view_of_a_dynamic_batch(tmp_path: Path, opset: int) -> None:
    axes = {"axes": [0]} if opset < 13 else {}
    operands = "" if opset < 13 else " zero1"
    nodes = [
        make.node("Shape", "x", "s"),
        make.node("Gather", "s zero", "n", axis=0),
        make.node("Unsqueeze", f"n{operands}", "u", **axes),
        make.node("Concat", "u rest", "target", axis=0),
    ]

    found = _reshaped(
        tmp_path,
        nodes,
        ("N", 3, 4, 5),
        opset,
        zero=np.array(0, np.int64),
        zero1=np.array([0]),
        rest=[-1],
    )

    assert found == (1, 60)


@pytest.mark.parametrize("opset", [7, 9, 10, 13, NEWEST])
def test_sliced_shape(tmp_path: Path, opset: int) -> None:
    bounds = {"starts": [0], "ends": [2], "axes": [0]} if opset < 10 else {}
    operands = "" if opset < 10 else " start end axis"
    nodes = [
        make.node("Shape", "x", "s"),
        make.node("Slice", f"s{operands}", "head", **bounds),
        make.node("Concat", "head rest", "target", axis=0),
    ]

    found = _reshaped(tmp_path, nodes, opset=opset, start=[0], end=[2], axis=[0], rest=[20])

    assert found == (1, 3, 20)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [({"start": 1}, (3, 4, 5)), ({"end": -1}, (1, 3, 4)), ({"start": -2, "end": 9}, (4, 5))],
)
def test_part_of_a_shape(tmp_path: Path, bounds: dict[str, int], expected: tuple[int, ...]) -> None:
    nodes = [
        make.node("Shape", "x", "s", **bounds),
        _constant("tail", [-1]),
        make.node("Concat", "s tail", "target", axis=0),
    ]
    product = int(np.prod(expected))

    assert _reshaped(tmp_path, nodes) == (*expected, 60 // product)


def test_integer_arithmetic(tmp_path: Path) -> None:
    nodes = [
        make.node("Size", "x", "all"),
        make.node("Div", "all two", "half"),
        make.node("Cast", "half", "real", to=TensorProto.FLOAT),
        make.node("Floor", "real", "floor"),
        make.node("Cast", "floor", "whole", to=TensorProto.INT64),
        make.node("Unsqueeze", "whole zero", "u"),
        make.node("ConstantOfShape", "one", "ones", value=helper.make_tensor("v", 7, [1], [2])),
        make.node("Concat", "ones u", "target", axis=0),
    ]

    assert _reshaped(tmp_path, nodes, two=np.array(2, np.int64), zero=[0], one=[1]) == (2, 30)


def test_every_form_of_constant(tmp_path: Path) -> None:
    nodes = [
        make.node("Constant", "", "a", value_ints=[5, 4]),
        make.node("Constant", "", "b", value_int=3),
        make.node("Unsqueeze", "b zero", "u"),
        make.node("Concat", "a u", "target", axis=0),
    ]

    assert _reshaped(tmp_path, nodes, zero=[0]) == (5, 4, 3)


def test_weights_behind_constant_nodes(tmp_path: Path) -> None:
    nodes = [
        _constant("w", np.arange(6, dtype=np.float32).reshape(2, 3)),
        make.node("Transpose", "w", "wt", perm=[1, 0]),
        make.node("Identity", "wt", "wi"),
        make.node("Gemm", "x wi", "y"),
    ]

    model = read_onnx(make.save(tmp_path, make.model(nodes, {"x": (1, 3)})))

    assert _kinds(model) == ["fully_connected"]


@pytest.mark.parametrize("opset", [10, 13, 19, NEWEST])
def test_dequantized_weights(tmp_path: Path, opset: int) -> None:
    nodes = [make.node("DequantizeLinear", "q scale", "w"), make.node("MatMul", "x w", "y")]
    weights = {"q": np.ones((3, 2), np.int8), "scale": np.array(0.5, np.float32)}

    model = read_onnx(
        make.save(tmp_path, make.model(nodes, {"x": (1, 3)}, weights=weights, opset=opset))
    )

    assert _kinds(model) == ["fully_connected"]


def test_dead_nodes_are_not_looked_at(tmp_path: Path) -> None:
    nodes = [
        make.node("Relu", "x", "y"),
        make.node("Einsum", "x", "dead", equation="ab->ba"),
        make.node("Relu", "broken", "also_dead"),
    ]
    proto = make.model(nodes, {"x": (1, 3)}, weights={"broken": np.full(1, np.nan, np.float32)})

    assert _kinds(read_onnx(make.save(tmp_path, proto))) == ["clip"]


def test_constant_that_cannot_be_computed(tmp_path: Path) -> None:
    nodes = [
        make.node("Gather", "shape index", "target", "pick"),
        make.node("Reshape", "x target", "y"),
    ]
    weights = {"shape": np.array([1, 3]), "index": np.array([7])}

    with pytest.raises(UnsupportedOpError) as caught:
        read_onnx(make.save(tmp_path, make.model(nodes, {"x": (1, 3)}, weights=weights)))

    assert "Gather node 'pick': its operands are constants, but its value" in caught.value.problem
    assert len(caught.value.unsupported) == 1


def test_random_numbers_are_not_folded(tmp_path: Path) -> None:
    nodes = [
        make.node("RandomNormal", "", "r", "noise", shape=[1, 3]),
        make.node("Add", "x r", "y"),
    ]

    with pytest.raises(UnsupportedOpError, match="RandomNormal node 'noise'"):
        read_onnx(make.save(tmp_path, make.model(nodes, {"x": (1, 3)})))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_must_be_finite(tmp_path: Path, bad: float) -> None:
    weights = np.ones((3, 2), np.float32)
    weights[1, 1] = bad
    proto = make.model(
        [make.node("MatMul", "x kernel", "y")], {"x": (1, 3)}, weights={"kernel": weights}
    )

    with pytest.raises(ModelError, match="initializer 'kernel' holds NaN or infinity"):
        read_onnx(make.save(tmp_path, proto))


def test_infinite_bound_does_not_bind(tmp_path: Path) -> None:
    weights = {"low": np.array(0.0, np.float32), "high": np.array(np.inf, np.float32)}
    proto = make.model([make.node("Clip", "x low high", "y")], {"x": (1, 3)}, weights=weights)

    assert _kinds(read_onnx(make.save(tmp_path, proto))) == ["clip"]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("condition", "kind"), [(True, "clip"), (False, "sigmoid")])
def test_branch_of_a_known_condition(
    tmp_path: Path, condition: bool, kind: str, nested: bool
) -> None:
    # Both branches use the same inner names, as exporters write them.
    then = make.subgraph([make.node("Relu", "x", "t"), make.node("Identity", "t", "r")], "r")
    other = make.subgraph([make.node("Sigmoid", "x", "t"), make.node("Identity", "t", "r")], "r")
    choice = make.node("If", "c", "y", "choice", then_branch=then, else_branch=other)
    if nested:
        outer = make.subgraph([make.node("Tanh", "x", "z"), _inner_choice(then, other)], "y_in")
        choice = make.node("If", "always", "y", "outer", then_branch=outer, else_branch=other)
    nodes = [
        make.node("Size", "x", "n"),
        make.node("Equal", "n wanted", "c"),
        choice,
    ]
    weights = {"wanted": np.array(3 if condition else 4, np.int64), "always": np.array(True)}

    model = read_onnx(make.save(tmp_path, make.model(nodes, {"x": (1, 3)}, weights=weights)))

    assert kind in _kinds(model)


def _inner_choice(then: onnx.GraphProto, other: onnx.GraphProto) -> onnx.NodeProto:
    return make.node("If", "c", "y_in", "inner", then_branch=then, else_branch=other)


def test_branches_with_equal_names_do_not_meet(tmp_path: Path) -> None:
    def branch(shape: list[int]) -> onnx.GraphProto:
        nodes = [make.node("Reshape", "x target", "r")]
        return make.subgraph(nodes, "r", {"target": np.array(shape)})

    nodes = [
        make.node("If", "yes", "a", then_branch=branch([3, 4]), else_branch=branch([12])),
        make.node("If", "yes", "b", then_branch=branch([2, 6]), else_branch=branch([12])),
    ]
    proto = make.model(nodes, {"x": (1, 12)}, ["a", "b"], {"yes": np.array([True])})

    model = read_onnx(make.save(tmp_path, proto))

    assert [port.onnx_shape for port in model.outputs] == [(3, 4), (2, 6)]


def test_branch_that_hands_on_an_outer_tensor(tmp_path: Path) -> None:
    nodes = [
        make.node("Relu", "x", "r"),
        make.node(
            "If", "yes", "y", then_branch=make.subgraph([], "r"), else_branch=make.subgraph([], "x")
        ),
    ]
    proto = make.model(nodes, {"x": (1, 12)}, weights={"yes": np.array(True)})

    assert read_onnx(make.save(tmp_path, proto)).outputs[0].onnx_shape == (1, 12)


def test_branch_that_depends_on_data(tmp_path: Path) -> None:
    nodes = [
        make.node(
            "If",
            "x",
            "y",
            "choice",
            then_branch=make.subgraph([make.node("Relu", "x", "r")], "r"),
            else_branch=make.subgraph([make.node("Tanh", "x", "r")], "r"),
        ),
    ]

    with pytest.raises(UnsupportedOpError, match="If node 'choice'"):
        read_onnx(make.save(tmp_path, make.model(nodes, {"x": (1,)})))


def test_damaged_weights(tmp_path: Path) -> None:
    proto = make.model(
        [make.node("MatMul", "x kernel", "y")],
        {"x": (1, 3)},
        weights={"kernel": np.ones((3, 2), np.float32)},
    )
    proto.graph.initializer[0].dims[0] = 5

    with pytest.raises(ModelError, match="initializer 'kernel' is damaged"):
        read_onnx(make.save(tmp_path, proto))
