"""All unsupported nodes are listed at once; results, names and outputs are what the file says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import defs
from tests.support import onnx_models as make
from tests.support.onnx_cases import compare_with_onnx_runtime

from cnnc.errors import ModelError, UnsupportedOpError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel

NEWEST = defs.onnx_opset_version()
KERNEL = np.ones((2, 3, 1, 1), np.float32)


def _import(folder: Path, proto: onnx.ModelProto, name: str = "model.onnx") -> FloatModel:
    return read_onnx(make.save(folder, proto, name))


def _refused(folder: Path, proto: onnx.ModelProto) -> list[str]:
    """Return what the error lists, a line each."""
    path = make.save(folder, proto)
    with pytest.raises(UnsupportedOpError) as caught:
        read_onnx(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy
    return [str(fault) for fault in caught.value.unsupported]


def test_every_unsupported_node_is_listed_once(tmp_path: Path) -> None:
    nodes = [
        make.node("Einsum", "x", "a", "first", equation="abcd->abdc"),
        make.node("Relu", "a", "b", "fine"),
        make.node("Shape", "b", "s", "shape"),
        make.node("Gather", "s zero", "n", "arithmetic"),
        make.node("Concat", "n rest", "target", "more_arithmetic", axis=0),
        make.node("Reshape", "b target", "c", "also_fine"),
        make.node("NonZero", "c", "d", "second"),
        make.node("Det", "x", "e", "third"),
        make.node("Frobnicate", "d e", "y", "fourth", domain="my.company"),
    ]
    weights = {"zero": np.array([0]), "rest": np.array([-1])}

    listed = _refused(tmp_path, make.model(nodes, {"x": (1, 3, 4, 4)}, weights=weights))

    assert listed == [
        "Einsum node 'first': this operator is not supported",
        "NonZero node 'second': this operator is not supported",
        "Det node 'third': this operator is not supported",
        "Frobnicate node 'fourth': operators of the domain 'my.company' are not supported",
    ]


def test_attributes_and_operators_in_one_list(tmp_path: Path) -> None:
    nodes = [
        make.node("Relu", "x", "a", "odd", alpha=0.5),
        make.node("Clip", "x x", "b", "moving"),
        make.node("Reshape", "x target", "c", "wrong"),
        make.node("Concat", "a b c", "y", "join", axis=0),
    ]
    proto = make.model(nodes, {"x": (1, 3)}, weights={"target": np.array([7, 7])})

    listed = _refused(tmp_path, proto)

    assert len(listed) == 3
    assert listed[0].startswith("Relu node 'odd': it is not valid in opset 17: Unrecognized attr")
    assert listed[1].startswith("Clip node 'moving': min")
    assert "must be a constant, not computed at run time" in listed[1]
    assert listed[2].startswith("Reshape node 'wrong': ")


@pytest.mark.parametrize("target", [[0, 0, 0, 0, 0], [-1, -1], [-5, 3]])
def test_reshape_constants_that_make_no_sense(tmp_path: Path, target: list[int]) -> None:
    proto = make.model(
        [make.node("Reshape", "x target", "y", "odd")],
        {"x": (1, 3)},
        weights={"target": np.array(target)},
    )

    assert _refused(tmp_path, proto)[0].startswith("Reshape node 'odd': ")


def test_operators_that_an_opset_does_not_have(tmp_path: Path) -> None:
    proto = make.model([make.node("HardSwish", "x", "y", "h")], {"x": (1, 3)}, opset=13)
    assert "it is not valid in opset 13" in _refused(tmp_path, proto)[0]

    proto = make.model([make.node("Relu", "x x", "y", "r")], {"x": (1, 3)})
    assert "it is not valid in opset 17" in _refused(tmp_path, proto)[0]


def test_tensors_that_nothing_defines(tmp_path: Path) -> None:
    nodes = [make.node("Relu", "later", "y", "early"), make.node("Relu", "x", "later", "late")]

    listed = _refused(tmp_path, make.model(nodes, {"x": (1, 3)}))

    assert listed == [
        "Relu node 'early': it reads 'later', which no input, initializer or node before it defines"
    ]


def test_the_users_own_line_is_shown(tmp_path: Path) -> None:
    node = make.node("Einsum", "x", "y", "e", equation="ab->ba")
    trace = (
        'File "/home/me/train.py", line 40, in <module>\n    main()\n'
        '  File "/home/me/net.py", line 12, in forward\n    return torch.einsum(...)\n'
        '  File "/venv/lib/python3.11/site-packages/torch/functional.py", line 5, in einsum\n'
    )
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace)

    listed = _refused(tmp_path, make.model([node], {"x": (1, 3)}))

    assert listed == ["Einsum node 'e' (/home/me/net.py:12): this operator is not supported"]


def test_the_exporters_own_lines_are_not_shown(tmp_path: Path) -> None:
    node = make.node("Einsum", "x", "y", "e", equation="ab->ba")
    trace = 'File "/venv/lib/python3.11/site-packages/torch/functional.py", line 5, in einsum\n'
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace)

    listed = _refused(tmp_path, make.model([node], {"x": (1, 3)}))

    assert listed == ["Einsum node 'e': this operator is not supported"]


ONE = {"one": np.ones(3, np.float32)}


def test_result_that_is_not_supported(tmp_path: Path) -> None:
    nodes = [
        make.node("BatchNormalization", "x one one one one", "d mean a b c", "norm"),
        make.node("Relu", "mean", "y", "r"),
    ]

    listed = _refused(tmp_path, make.model(nodes, {"x": (1, 3)}, weights=ONE, opset=9))

    assert (
        "Relu node 'r': it reads 'mean', a result of BatchNormalization node 'norm' that is not "
        "supported"
    ) in listed[0]


def test_result_that_is_not_supported_as_an_output(tmp_path: Path) -> None:
    norm = make.node("BatchNormalization", "x one one one one", "d mean a b c")
    proto = make.model([norm], {"x": (1, 3)}, ["d", "mean"], ONE, opset=9)

    with pytest.raises(ModelError, match="output is 'mean', a result of BatchNormalization node"):
        _import(tmp_path, proto)


def test_constant_output(tmp_path: Path) -> None:
    nodes = [make.node("Relu", "x", "y"), make.node("Shape", "x", "s")]

    with pytest.raises(ModelError, match="output 's' does not depend on any input"):
        _import(tmp_path, make.model(nodes, {"x": (1, 3)}, ["y", "s"]))


@pytest.mark.parametrize("through", [[], ["Identity"], ["Identity", "Dropout"]])
def test_input_that_is_an_output(tmp_path: Path, through: list[str]) -> None:
    names = ["x", *(f"t{index}" for index in range(len(through)))]
    nodes = [
        make.node(op_type, names[index], names[index + 1]) for index, op_type in enumerate(through)
    ]
    nodes.append(make.node("Relu", "x", "r"))
    proto = make.model(nodes, {"x": (1, 3, 4, 4)}, ["r", names[-1]])

    model = _import(tmp_path, proto)

    assert model.outputs[1].name == names[-1]
    assert model.outputs[1].value != model.inputs[0].value
    assert model.producer(model.outputs[1].value) is not None
    compare_with_onnx_runtime(model, proto)


@pytest.mark.parametrize(
    ("permutation", "transposes"),
    [([0, 2, 3, 1], 0), ([0, 1, 2, 3], 0), ([0, 3, 2, 1], 1), ([3, 1, 0, 2], 1)],
)
def test_outputs_are_in_onnx_order_or_channel_last(
    tmp_path: Path, permutation: list[int], transposes: int
) -> None:
    nodes = [make.node("Conv", "x w", "c"), make.node("Transpose", "c", "y", perm=permutation)]
    proto = make.model(nodes, {"x": (1, 3, 4, 5)}, weights={"w": KERNEL})

    model = _import(tmp_path, proto)

    assert model.outputs[0].storage_axes in ((0, 1, 2, 3), (0, 2, 3, 1))
    assert [node.op.kind for node in model.nodes].count("transpose") == transposes
    compare_with_onnx_runtime(model, proto)


def test_transposes_that_cancel_move_nothing(tmp_path: Path) -> None:
    nodes = [
        make.node("Conv", "x w", "c"),
        make.node("Transpose", "c", "t", perm=[0, 2, 3, 1]),
        make.node("Relu", "t", "r"),
        make.node("Transpose", "r", "u", perm=[0, 3, 1, 2]),
        make.node("MaxPool", "u", "y", kernel_shape=[2, 2]),
    ]
    proto = make.model(nodes, {"x": (1, 3, 4, 5)}, weights={"w": KERNEL})

    model = _import(tmp_path, proto)

    assert [node.op.kind for node in model.nodes] == ["conv2d", "clip", "max_pool"]
    compare_with_onnx_runtime(model, proto)


def test_names_are_made_unique(tmp_path: Path) -> None:
    nodes = [
        make.node("Relu", "x", "a"),
        make.node("Relu", "a", "b", "same"),
        make.node("Relu", "b", "c", "same"),
        make.node("Relu", "c", "y"),
    ]

    model = _import(tmp_path, make.model(nodes, {"x": (1, 3)}))

    assert [node.name for node in model.nodes] == ["Relu_0", "same", "same_2", "Relu_3"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("resnet_s.onnx", "resnet_s"),
        ("My Net (v2).onnx", "my_net_v2"),
        ("3d.onnx", "model_3d"),
        ("class.onnx", "model_class"),
        ("Übung.onnx", "bung"),
        ("---.onnx", "model"),
    ],
)
def test_the_network_is_named_after_the_file(tmp_path: Path, file: str, name: str) -> None:
    proto = make.model([make.node("Relu", "x", "y")], {"x": (1, 3)})

    assert _import(tmp_path, proto, file).name == name


@pytest.mark.parametrize("opset", range(7, NEWEST + 1))
def test_every_opset(tmp_path: Path, opset: int) -> None:
    axes = {"axes": [2, 3]} if opset < 13 else {}
    nodes = [
        make.node("Conv", "x w", "c", pads=[1, 1, 1, 1]),
        make.node("Relu", "c", "r"),
        make.node("MaxPool", "r", "m", kernel_shape=[2, 2], strides=[2, 2]),
        make.node("GlobalAveragePool", "m", "g"),
        make.node("Squeeze", "g" if opset < 13 else "g axes", "f", **axes),
        make.node("Softmax", "f", "y", axis=1),
    ]
    weights = {"w": np.ones((2, 3, 3, 3), np.float32) / 9, "axes": np.array([2, 3])}
    proto = make.model(nodes, {"x": ("N", 3, 8, 8)}, weights=weights, opset=opset)

    model = _import(tmp_path, proto)

    assert model.outputs[0].onnx_shape == (1, 2)


@pytest.mark.parametrize(
    ("op_type", "attributes"),
    [
        ("MaxPool", {"kernel_shape": [0, 2]}),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [0, 1]}),
        ("MaxPool", {"kernel_shape": [2, 2], "pads": [-1, 0, 0, 0]}),
        ("MaxPool", {"kernel_shape": [9, 9]}),
        ("AveragePool", {"kernel_shape": [2, 2], "strides": [1]}),
        ("Transpose", {"perm": [0, 0, 1, 2]}),
        ("Transpose", {"perm": [0, 1]}),
        ("Softmax", {"axis": 9}),
        ("Concat", {"axis": -7}),
    ],
)
def test_attributes_that_make_no_sense(
    tmp_path: Path, op_type: str, attributes: dict[str, int | list[int]]
) -> None:
    proto = make.model([make.node(op_type, "x", "y", "odd", **attributes)], {"x": (1, 3, 4, 4)})

    listed = _refused(tmp_path, proto)

    assert len(listed) == 1
    assert listed[0].startswith(f"{op_type} node 'odd': ")


@pytest.mark.parametrize("rank_0_by", ["ReduceMean", "Squeeze"])
@pytest.mark.parametrize("op_type", ["Add", "Mul"])
def test_scalar_activation_with_a_scalar_constant(
    tmp_path: Path, rank_0_by: str, op_type: str
) -> None:
    if rank_0_by == "ReduceMean":
        first, shape = make.node("ReduceMean", "x", "a", keepdims=0), (1, 3, 2, 2)
    else:
        first, shape = make.node("Squeeze", "x", "a"), (1, 1, 1, 1)
    proto = make.model(
        [first, make.node(op_type, "a k", "y")], {"x": shape}, weights={"k": np.float32(2)}
    )

    model = _import(tmp_path, proto)

    assert [array.shape for array in model.constants.values()] == [()]
    compare_with_onnx_runtime(model, proto)


def test_output_that_cannot_be_stored_is_named(tmp_path: Path) -> None:
    proto = make.model([make.node("Transpose", "x", "y", "reverse")], {"x": (2,) * 8})

    with pytest.raises(ModelError, match=r"output 'y' cannot be stored: .* more than 6") as e:
        _import(tmp_path, proto)

    assert e.value.where == "y"
    assert "fewer axes" in e.value.remedy


@pytest.mark.parametrize(
    ("nodes", "fault"),
    [
        (
            [make.node("Relu", "x", "y", "one"), make.node("Sigmoid", "x", "y", "two")],
            "Sigmoid node 'two': it defines 'y', which Relu node 'one' defines already",
        ),
        (
            [make.node("Relu", "x", "x", "one"), make.node("Sigmoid", "x", "y", "two")],
            "Relu node 'one': it defines 'x', which the graph's input defines already",
        ),
        (
            [make.node("Relu", "x", "k", "one"), make.node("Add", "x k", "y", "two")],
            "Relu node 'one': it defines 'k', which the graph's initializer defines already",
        ),
        (
            [make.node("Shape", "x", "y", "one"), make.node("Relu", "x", "y", "two")],
            "Relu node 'two': it defines 'y', which Shape node 'one' defines already",
        ),
        (
            [make.node("Einsum", "x", "y", "one", equation="ab->ba"), make.node("Relu", "x", "y")],
            "Relu node 'Relu_1': it defines 'y', which Einsum node 'one' defines already",
        ),
        (
            [make.node("BatchNormalization", "x k k k k", "y y", "one")],
            "BatchNormalization node 'one': it defines 'y', which BatchNormalization node 'one' "
            "defines already",
        ),
    ],
)
def test_tensor_that_is_defined_twice(
    tmp_path: Path, nodes: list[onnx.NodeProto], fault: str
) -> None:
    proto = make.model(nodes, {"x": (1, 3)}, weights={"k": np.ones(3, np.float32)})

    assert fault in _refused(tmp_path, proto)


def test_branches_may_use_the_names_of_the_graph(tmp_path: Path) -> None:
    condition = onnx.numpy_helper.from_array(np.array(True), "condition")
    nodes = [
        make.node("Constant", "", "flag", value=condition),
        make.node("Relu", "x", "r"),
        make.node(
            "If",
            "flag",
            "y",
            then_branch=make.subgraph([make.node("Sigmoid", "r", "s")], "s"),
            else_branch=make.subgraph([make.node("Tanh", "r", "s")], "s"),
        ),
        make.node("Add", "y s", "z"),
    ]
    nodes.insert(2, make.node("Relu", "r", "s"))

    assert len(_import(tmp_path, make.model(nodes, {"x": (1, 3)}, ["z"])).nodes) == 4


@pytest.mark.parametrize("extra", ["mean", "saved_var"])
def test_extra_results_of_batch_normalization(tmp_path: Path, extra: str) -> None:
    node = make.node("BatchNormalization", "x k k k k", "n mean var saved_mean saved_var", "norm")
    nodes = [node, make.node("Relu", extra, "r", "reader"), make.node("Add", "n r", "y")]
    weights = {"k": np.ones(3, np.float32)}
    proto = make.model(nodes, {"x": (1, 3, 4, 4)}, weights=weights, opset=9)

    listed = _refused(tmp_path, proto)

    assert listed == [
        f"Relu node 'reader': it reads '{extra}', a result of BatchNormalization node 'norm' that "
        "is not supported"
    ]


def _remedy(folder: Path, *nodes: onnx.NodeProto) -> str:
    proto = make.model(nodes, {"x": (1, 3)}, weights={"target": np.array([7, 7])})
    with pytest.raises(UnsupportedOpError) as caught:
        _import(folder, proto)
    return caught.value.remedy


def test_remedy_fits_the_fault(tmp_path: Path) -> None:
    unknown = make.node("NonZero", "x", "a", "unknown")
    value = make.node("Reshape", "x target", "y", "value")
    computed = make.node("Clip", "x x", "y", "computed")

    assert "without the unsupported operators" in _remedy(
        tmp_path, unknown, make.node("Relu", "a", "y")
    )
    of_value = _remedy(tmp_path, value)
    assert "without" not in of_value
    assert "cnnc inspect shows the shape" in of_value
    assert _remedy(tmp_path, computed).startswith("export the model with constant folding")
    assert "the graph breaks a rule of ONNX" in _remedy(
        tmp_path, make.node("Relu", "x", "y"), make.node("Relu", "x", "y")
    )
    assert "the graph breaks a rule of ONNX" in _remedy(tmp_path, make.node("Relu", "later", "y"))


def test_each_remedy_is_given_once(tmp_path: Path) -> None:
    nodes = [
        make.node("Einsum", "x", "a", equation="ab->ba"),
        make.node("NonZero", "x", "b"),
        make.node("Reshape", "x target", "c"),
        make.node("Concat", "a b c", "y", axis=0),
    ]

    remedy = _remedy(tmp_path, *nodes)

    assert remedy.count("unsupported operators") == 1
    assert remedy.count("cnnc inspect") == 1


def test_required_operand_that_is_left_out(tmp_path: Path) -> None:
    proto = make.model([make.node("Concat", "x -", "y", "join", axis=0)], {"x": (1, 3)})

    assert _refused(tmp_path, proto) == ["Concat node 'join': operand (input 1) is missing"]


@pytest.mark.parametrize("op_type", ["TopK", "NonMaxSuppression", "CumSum"])
def test_post_processing_is_to_be_cut_off(tmp_path: Path, op_type: str) -> None:
    operands, results = {"TopK": ("x k", "y i"), "CumSum": ("x k", "y")}.get(op_type, ("x", "y"))
    if op_type == "NonMaxSuppression":
        operands = "x x"
    proto = make.model(
        [make.node(op_type, operands, results)], {"x": [1, 2, 4]}, weights={"k": [1]}
    )
    with pytest.raises(UnsupportedOpError) as caught:
        read_onnx(make.save(tmp_path, proto))
    assert "cut the model before its post-processing" in caught.value.remedy
