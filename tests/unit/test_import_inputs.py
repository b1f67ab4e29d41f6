"""Shapes become static, or the message says how to pin them; inputs get the cheap memory order."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.support import onnx_models as make

from cnnc.errors import DynamicShapeError, ModelError, UsageError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel
from cnnc.ir.types import AnyArray, ElementType, Shape

CHANNEL_LAST = (0, 2, 3, 1)
ONNX_ORDER = (0, 1, 2, 3)
KERNEL = np.ones((2, 3, 1, 1), np.float32)
CONV = make.node("Conv", "t w", "y")


def _relu(folder: Path, shape: make.Extents) -> Path:
    return make.save(folder, make.model([make.node("Relu", "x", "y")], {"x": shape}))


def _import(
    folder: Path, nodes: list[onnx.NodeProto], shape: Shape, **weights: AnyArray
) -> FloatModel:
    return read_onnx(make.save(folder, make.model(nodes, {"x": shape}, weights=weights)))


@pytest.mark.parametrize(
    ("declared", "pins", "expected"),
    [
        ((1, 3, 8, 8), {}, (1, 3, 8, 8)),
        (("N", 3, 8, 8), {}, (1, 3, 8, 8)),
        ((None, 3, 8, 8), {}, (1, 3, 8, 8)),
        ((0, 3, 8, 8), {}, (1, 3, 8, 8)),
        (("N", 3, "H", "W"), {"x": (1, 3, 6, 5)}, (1, 3, 6, 5)),
        (("N", 3, 8, 8), {"x": (2, 3, 8, 8)}, (2, 3, 8, 8)),
        (("N",), {}, (1,)),
    ],
)
def test_static_shapes(
    tmp_path: Path, declared: make.Extents, pins: Mapping[str, Shape], expected: Shape
) -> None:
    model = read_onnx(_relu(tmp_path, declared), pins)

    assert model.inputs[0].onnx_shape == expected
    assert model.outputs[0].onnx_shape == expected
    assert model.shapes[model.inputs[0].value] == model.inputs[0].storage_shape


@pytest.mark.parametrize(
    ("declared", "text", "example"),
    [
        (("N", 3, "H", "W"), "[N, 3, H, W]", "x=1,3,224,224"),
        ((1, "C", 8, 8), "[1, C, 8, 8]", "x=1,3,8,8"),
        (("N", None), "[N, ?]", "x=1,224"),
    ],
)
def test_dynamic_shapes_are_refused(
    tmp_path: Path, declared: make.Extents, text: str, example: str
) -> None:
    with pytest.raises(DynamicShapeError) as caught:
        read_onnx(_relu(tmp_path, declared))

    assert f"input 'x' has the dynamic shape {text}" in caught.value.problem
    assert f"--input-shape {example}" in caught.value.remedy


def test_input_without_a_shape(tmp_path: Path) -> None:
    proto = make.model([make.node("Relu", "x", "y")], {"x": (1, 4)})
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    path = make.save(tmp_path, proto)

    with pytest.raises(DynamicShapeError, match="input 'x' has no shape in the model"):
        read_onnx(path)
    assert read_onnx(path, {"x": (1, 7)}).inputs[0].onnx_shape == (1, 7)


@pytest.mark.parametrize(
    ("pins", "problem", "remedy"),
    [
        ({"X": (1, 4)}, "the model has no input 'X'", "its inputs are: x"),
        ({"x": (1, 4)}, "contradicts the model: input 'x' has shape [N, 3, H]", "give 3 numbers"),
        ({"x": (1, 4, 9)}, "contradicts the model", "the model's own where it has one"),
        ({"x": (1, 3, 0)}, "every extent must be at least 1", "--input-shape x=1,3,224,224"),
    ],
)
def test_pins_that_do_not_fit(
    tmp_path: Path, pins: Mapping[str, Shape], problem: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_onnx(_relu(tmp_path, ("N", 3, "H")), pins)

    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_near_name_is_suggested(tmp_path: Path) -> None:
    path = make.save(tmp_path, make.model([make.node("Relu", "image", "y")], {"image": (1, 4)}))

    with pytest.raises(UsageError) as caught:
        read_onnx(path, {"imgae": (1, 4)})
    assert "did you mean 'image'?" in caught.value.remedy


@pytest.mark.parametrize(
    ("element", "name"),
    [
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.DOUBLE, "double"),
        (TensorProto.BFLOAT16, "bfloat16"),
        (TensorProto.BOOL, "bool"),
    ],
)
def test_inputs_of_other_types_are_refused(tmp_path: Path, element: int, name: str) -> None:
    proto = make.model([make.node("Relu", "x", "y")], {"x": (1, 4)})
    proto.graph.input[0].type.tensor_type.elem_type = element

    with pytest.raises(ModelError, match=f"input 'x' is {name}; inputs are float32 or"):
        read_onnx(make.save(tmp_path, proto))


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        (TensorProto.INT64, ElementType.INT32),
        (TensorProto.UINT64, ElementType.UINT32),
        (TensorProto.INT32, ElementType.INT32),
        (TensorProto.INT8, ElementType.INT8),
        (TensorProto.UINT8, ElementType.UINT8),
        (TensorProto.UINT16, ElementType.UINT16),
    ],
)
def test_integers_stay_integers(tmp_path: Path, element: int, kind: ElementType) -> None:
    proto = make.model([make.node("Transpose", "x", "y", perm=[1, 0])], {"x": (2, 4)})
    proto.graph.input[0].type.tensor_type.elem_type = element
    proto.graph.output[0].type.tensor_type.elem_type = element
    model = read_onnx(make.save(tmp_path, proto))
    assert [model.element_type(port.value) for port in (*model.inputs, *model.outputs)] == [
        kind,
        kind,
    ]


def test_inputs_must_be_tensors(tmp_path: Path) -> None:
    proto = make.model([make.node("Identity", "x", "y")], {"x": (1, 4)})
    proto.graph.input[0].CopyFrom(
        helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)
    )

    with pytest.raises(ModelError, match="input 'x' is of the type sequence"):
        read_onnx(make.save(tmp_path, proto))


def test_listed_initializers_are_no_inputs(tmp_path: Path) -> None:
    proto = make.model(
        [make.node("Gemm", "x w", "y")],
        {"x": (1, 3), "w": (3, 2)},
        weights={"w": np.ones((3, 2), np.float32)},
    )

    assert [port.name for port in read_onnx(make.save(tmp_path, proto)).inputs] == ["x"]


def test_model_without_inputs(tmp_path: Path) -> None:
    proto = make.model(
        [make.node("Relu", "w", "y")], {}, weights={"w": np.ones((1, 3), np.float32)}
    )

    with pytest.raises(ModelError, match="the model has no inputs"):
        read_onnx(make.save(tmp_path, proto))


def test_image_of_a_convolution_is_channel_last(tmp_path: Path) -> None:
    model = _import(tmp_path, [make.node("Conv", "x w", "y")], (1, 3, 4, 5), w=KERNEL)

    assert model.inputs[0].storage_axes == CHANNEL_LAST
    assert model.inputs[0].storage_shape == (1, 4, 5, 3)
    assert [node.op.kind for node in model.nodes] == ["conv2d"]


@pytest.mark.parametrize("before", [[], ["Identity"], ["Relu", "Dropout"]])
def test_entry_transpose_costs_nothing(tmp_path: Path, before: list[str]) -> None:
    names = ["x", *[f"b{index}" for index in range(len(before))]]
    nodes = [
        make.node(op_type, names[index], names[index + 1]) for index, op_type in enumerate(before)
    ]
    nodes += [make.node("Transpose", names[-1], "t", perm=[0, 3, 1, 2]), CONV]

    model = _import(tmp_path, nodes, (1, 4, 5, 3), w=KERNEL)

    assert model.inputs[0].storage_axes == ONNX_ORDER
    assert "transpose" not in [node.op.kind for node in model.nodes]


def test_scaled_entry_transpose_costs_nothing(tmp_path: Path) -> None:
    nodes = [
        make.node("Mul", "x scale", "s"),
        make.node("Transpose", "s", "t", perm=[0, 3, 1, 2]),
        CONV,
    ]

    model = _import(
        tmp_path, nodes, (1, 4, 5, 3), w=KERNEL, scale=np.array([0.5, 0.25, 2.0], np.float32)
    )

    assert model.inputs[0].storage_axes == ONNX_ORDER
    assert [node.op.kind for node in model.nodes] == ["mul", "conv2d"]


def test_flattened_image_stays_in_onnx_order(tmp_path: Path) -> None:
    nodes = [make.node("Flatten", "x", "t"), make.node("Gemm", "t w", "y")]

    model = _import(tmp_path, nodes, (1, 3, 4, 5), w=np.ones((60, 2), np.float32))

    assert model.inputs[0].storage_axes == ONNX_ORDER
    assert "transpose" not in [node.op.kind for node in model.nodes]


def test_flattened_grey_image_is_channel_last_for_free(tmp_path: Path) -> None:
    nodes = [make.node("Flatten", "x", "t"), make.node("Gemm", "t w", "y")]

    model = _import(tmp_path, nodes, (1, 1, 4, 5), w=np.ones((20, 2), np.float32))

    assert model.inputs[0].storage_axes == CHANNEL_LAST
    assert "transpose" not in [node.op.kind for node in model.nodes]


def test_image_that_is_transposed_and_flattened(tmp_path: Path) -> None:
    nodes = [
        make.node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
        make.node("Flatten", "t", "y"),
    ]

    model = _import(tmp_path, nodes, (1, 3, 4, 5))

    assert model.inputs[0].storage_axes == CHANNEL_LAST
    assert [node.op.kind for node in model.nodes] == ["reshape"]


def test_reshaped_keyword_map_moves_nothing(tmp_path: Path) -> None:
    nodes = [make.node("Reshape", "x target", "t"), CONV]
    weights = {"w": np.ones((2, 1, 1, 1), np.float32), "target": np.array([1, 1, 49, 10])}

    model = _import(tmp_path, nodes, (1, 49, 10, 1), **weights)

    assert model.inputs[0].storage_axes == ONNX_ORDER
    assert "transpose" not in [node.op.kind for node in model.nodes]


def test_most_readers_decide(tmp_path: Path) -> None:
    nodes = [
        make.node("Conv", "x w", "a"),
        make.node("MaxPool", "x", "b", kernel_shape=[1, 1]),
        make.node("Flatten", "x", "c"),
    ]
    proto = make.model(nodes, {"x": (1, 3, 4, 5)}, ["a", "b", "c"], {"w": KERNEL})

    model = read_onnx(make.save(tmp_path, proto))

    assert model.inputs[0].storage_axes == CHANNEL_LAST
    assert [node.op.kind for node in model.nodes].count("transpose") == 1
