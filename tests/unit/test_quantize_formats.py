"""Which int8 format every value gets, and where a requantization is inserted."""

import numpy as np
import pytest
from tests.support.stub_ops import (
    FIXED,
    SHAPE,
    Faulty,
    Joined,
    Kept,
    Ranged,
    Recorded,
    Squashed,
    network,
)

from cnnc.errors import CalibrationError, InternalError, ModelError
from cnnc.ir.float_model import FloatModel
from cnnc.ir.op import FloatOp
from cnnc.ir.types import Quantization
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.quantize import quantize
from cnnc.quantize.ranges import ValueRange, ValueRanges


def ranges_of(model: FloatModel) -> ValueRanges:
    """Give the k-th value the range [0, 255 (k + 1)]: scale k + 1."""
    ranges = {name: ValueRange(0.0, 255.0 * (k + 1)) for k, name in enumerate(model.shapes)}
    return ValueRanges(ranges, 1, "minmax")


def scales(model: FloatModel) -> dict[str, float]:
    quantized = quantize(model, ranges_of(model))
    return {name: value.quantization.scale for name, value in quantized.values.items()}


def test_outputs_have_the_format_of_their_range() -> None:
    model = network(("a", Ranged(), "x"), ("b", Ranged(), "a"), outputs="b")
    assert scales(model) == {"x": 1.0, "a": 2.0, "b": 3.0}


def test_format_keeping_ops_take_the_operands_format() -> None:
    model = network(("a", Ranged(), "x"), ("b", Kept(), "a"), ("c", Kept(), "b"), outputs="c")
    assert scales(model) == {"x": 1.0, "a": 2.0, "b": 2.0, "c": 2.0}


def test_fixed_formats() -> None:
    model = network(("a", Squashed(), "x"), outputs="a")
    assert quantize(model, ranges_of(model)).values["a"].quantization == FIXED


def test_single_readers_operands_adopt_the_common_format() -> None:
    model = network(("a", Ranged(), "x"), ("b", Ranged(), "x"), ("c", Joined(), "a b"), outputs="c")
    assert scales(model) == {"x": 1.0, "a": 4.0, "b": 4.0, "c": 4.0}


def test_adoption_goes_through_format_keeping_ops() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("b", Kept(), "a"),
        ("c", Kept(), "b"),
        ("d", Ranged(), "x"),
        ("e", Joined(), "c d"),
        outputs="e",
    )
    assert scales(model) == {"x": 1.0, "a": 6.0, "b": 6.0, "c": 6.0, "d": 6.0, "e": 6.0}


def test_adoption_goes_through_a_concat() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "x"),
        ("c", Joined(), "a b"),
        ("d", Ranged(), "x"),
        ("e", Joined(), "c d"),
        outputs="e",
    )
    assert set(scales(model).values()) == {1.0, 6.0}


def test_operand_with_another_reader_is_requantized() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "a"),
        ("c", Joined(), "a b"),
        outputs="c",
    )
    quantized = quantize(model, ranges_of(model))
    assert scales(model) == {
        "x": 1.0,
        "a": 2.0,
        "b": 4.0,
        "c": 4.0,
        "node_c/requantize_0": 4.0,
    }
    assert [node.name for node in quantized.nodes] == [
        "node_a",
        "node_b",
        "node_c/requantize_0",
        "node_c",
    ]
    inserted, join = quantized.nodes[2:]
    assert inserted.inputs == ("a",)
    assert inserted.op.kind == "requantize"
    assert inserted.sources == ("onnx_c",)
    assert join.inputs == ("node_c/requantize_0", "b")


@pytest.mark.parametrize(
    ("nodes", "outputs"),
    [
        ((("c", Joined(), "x x"),), "c"),
        ((("a", Kept(), "x"), ("c", Joined(), "a")), "c"),
        ((("a", Squashed(), "x"), ("c", Joined(), "a")), "c"),
        ((("a", Squashed(), "x"), ("b", Kept(), "a"), ("c", Joined(), "b")), "c"),
        ((("a", Ranged(), "x"), ("c", Joined(), "a")), "c a"),
        ((("a", Ranged(), "x"), ("b", Kept(), "a"), ("c", Joined(), "b")), "c a"),
    ],
    ids=["input", "kept input", "fixed", "kept fixed", "output", "kept output"],
)
def test_what_cannot_adopt_is_requantized(
    nodes: tuple[tuple[str, FloatOp, str], ...], outputs: str
) -> None:
    model = network(*nodes, outputs=outputs)
    quantized = quantize(model, ranges_of(model))
    join = quantized.nodes[-1]
    common = quantized.values[join.output].quantization
    assert all(quantized.values[name].quantization == common for name in join.inputs)
    assert all(name.startswith("node_c/requantize_") for name in join.inputs)


def test_equal_formats_need_no_requantization() -> None:
    model = network(("c", Joined(), "x x"), outputs="c")
    same = ValueRanges(dict.fromkeys(model.shapes, ValueRange(0.0, 1.0)), 1, "minmax")
    assert len(quantize(model, same).nodes) == 1


def test_ops_with_several_operands_of_one_format() -> None:
    model = network(("a", Ranged(), "x"), ("b", Kept(), "x a"), outputs="b")
    quantized = quantize(model, ranges_of(model))
    assert quantized.nodes[-1].inputs == ("node_b/requantize_0", "a")
    assert quantized.values["a"].quantization == quantized.values["b"].quantization


def test_constants_are_quantized_in_their_own_format() -> None:
    constant = np.array([[0.0, 255.0, 510.0, 20.0]], np.float32)
    model = network(("a", Ranged(), "x k"), outputs="a", constants={"k": constant})
    quantized = quantize(model, ranges_of(model))
    assert quantized.values["k"].quantization == Quantization(2.0, -128)
    assert quantized.constants["k"].tolist() == [[-128, 0, 127, -118]]
    assert quantized.constants["k"].dtype == np.int8
    op = quantized.nodes[0].op
    assert isinstance(op, Recorded)
    assert op.context.constants[0] is None
    assert op.context.constants[1] is quantized.constants["k"]


def test_constants_adopt_the_common_format() -> None:
    constant = np.full(SHAPE, 255.0, np.float32)
    model = network(
        ("a", Ranged(), "x"), ("c", Joined(), "a k"), outputs="c", constants={"k": constant}
    )
    quantized = quantize(model, ranges_of(model))
    assert quantized.values["k"].quantization.scale == 4.0
    assert len(quantized.nodes) == 2


def test_shared_constants_are_copied_for_each_format() -> None:
    constant = np.full(SHAPE, 24.0, np.float32)
    model = network(
        ("c", Joined(), "k k"), ("d", Joined(), "c k"), outputs="d", constants={"k": constant}
    )
    quantized = quantize(model, ranges_of(model))
    assert "k" not in quantized.constants
    assert [node.op.kind for node in quantized.nodes] == ["recorded", "recorded"]
    for node in quantized.nodes:
        common = quantized.values[node.output].quantization
        assert all(quantized.values[name].quantization == common for name in node.inputs)
    for name, array in quantized.constants.items():
        scale = quantized.values[name].quantization.scale
        assert array.tolist() == [[round(24.0 / scale) - 128] * 4]


def test_names_of_inserted_values_do_not_collide() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("node_c/requantize_0", Ranged(), "a"),
        ("c", Joined(), "a node_c/requantize_0"),
        outputs="c",
    )
    quantized = quantize(model, ranges_of(model))
    assert quantized.nodes[-1].inputs == ("node_c/requantize_0_", "node_c/requantize_0")


def test_context_says_everything_about_the_node() -> None:
    model = network(("a", Ranged(), "x"), outputs="a")
    quantized = quantize(model, ranges_of(model), "single")
    assert quantized.rounding == "single"
    node = quantized.nodes[0]
    assert isinstance(node.op, Recorded)
    assert node.sources == ("onnx_a",)
    assert node.op.context == QuantizeContext(
        node="node_a",
        rounding="single",
        inputs=(Quantization(1.0, -128),),
        input_shapes=(SHAPE,),
        output=Quantization(2.0, -128),
        output_shape=SHAPE,
        constants=(None,),
    )


def test_errors_of_an_op_name_the_node() -> None:
    model = network(("a", Faulty(ModelError("too many taps", "split it")), "x"), outputs="a")
    with pytest.raises(ModelError, match="faulty node 'node_a': too many taps") as caught:
        quantize(model, ranges_of(model))
    assert (caught.value.remedy, caught.value.where) == ("split it", "node_a")


def test_multipliers_that_do_not_exist_name_the_node() -> None:
    model = network(("a", Faulty(ValueError("multiplier inf")), "x"), outputs="a")
    with pytest.raises(CalibrationError, match="faulty node 'node_a' has no int8 form") as caught:
        quantize(model, ranges_of(model))
    assert "calibration data" in caught.value.remedy


def test_range_too_wide_for_float32() -> None:
    model = network(("a", Ranged(), "x"), outputs="a")
    wide = ValueRanges(dict.fromkeys(model.shapes, ValueRange(-1e308, 1e300)), 1, "minmax")
    with pytest.raises(CalibrationError, match="no int8 format"):
        quantize(model, wide)


def test_value_without_a_range_is_a_bug() -> None:
    model = network(("a", Ranged(), "x"), outputs="a")
    with pytest.raises(InternalError, match="'x' has no calibrated range"):
        quantize(model, ValueRanges({}, 1, "minmax"))
