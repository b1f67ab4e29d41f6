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
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import ElementType, Quantization
from cnnc.ops.pad import Pad, QuantPad
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
    assert scales(model) == {"x": 1.0, "a": 3.0, "b": 3.0, "c": 3.0}


def test_adoption_goes_through_format_keeping_ops() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("b", Kept(), "a"),
        ("c", Kept(), "b"),
        ("d", Ranged(), "x"),
        ("e", Joined(), "c d"),
        outputs="e",
    )
    assert scales(model) == {"x": 1.0, "a": 5.0, "b": 5.0, "c": 5.0, "d": 5.0, "e": 5.0}


def test_adoption_goes_through_a_concat() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "x"),
        ("c", Joined(), "a b"),
        ("d", Ranged(), "x"),
        ("e", Joined(), "c d"),
        outputs="e",
    )
    assert set(scales(model).values()) == {1.0, 5.0}


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
        "b": 3.0,
        "c": 3.0,
        "node_c/requantize_0": 3.0,
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
        ((("c", Joined(), "x w"),), "c"),
        ((("a", Kept(), "x"), ("c", Joined(), "a w")), "c"),
        ((("a", Squashed(), "x"), ("c", Joined(), "a w")), "c"),
        ((("a", Squashed(), "x"), ("b", Kept(), "a"), ("c", Joined(), "b w")), "c"),
        ((("a", Ranged(), "x"), ("c", Joined(), "a w")), "c a"),
        ((("a", Ranged(), "x"), ("b", Kept(), "a"), ("c", Joined(), "b w")), "c a"),
    ],
    ids=["input", "kept input", "fixed", "kept fixed", "output", "kept output"],
)
def test_what_cannot_adopt_is_requantized(
    nodes: tuple[tuple[str, FloatOp, str], ...], outputs: str
) -> None:
    model = network(("w", Ranged(), "x"), *nodes, outputs=outputs)
    ranges = {**ranges_of(model).ranges, "w": ValueRange(0.0, 2550.0)}
    quantized = quantize(model, ValueRanges(ranges, 1, "minmax"))
    join = quantized.nodes[-1]
    common = quantized.values[join.output].quantization
    assert all(quantized.values[name].quantization == common for name in join.inputs)
    assert join.inputs == ("node_c/requantize_0", "w")


def test_small_operand_with_large_values_is_held() -> None:
    model = network(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "x"),
        ("c", Joined(), "a b"),
        ("d", Ranged(), "c"),
        outputs="d",
    )
    ranges = {
        "x": ValueRange(0.0, 1.0),
        "a": ValueRange(0.0, 1.0),
        "b": ValueRange(-3.0, 100.0),
        # The percentile of all elements together.
        "c": ValueRange(0.0, 1.0),
        "d": ValueRange(0.0, 1.0),
    }
    quantized = quantize(model, ValueRanges(ranges, 1, "percentile"))
    expected = ValueRange(-3.0, 100.0).quantization()
    assert {quantized.values[name].quantization for name in "abc"} == {expected}


def test_concat_of_a_concat_holds_every_operand_and_constant() -> None:
    constant = np.array([[-7.0, 0.0, 1.0, 2.0]], np.float32)
    model = network(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "x"),
        ("c", Joined(), "a b"),
        ("d", Kept(), "c"),
        ("e", Joined(), "d k x"),
        outputs="e",
        constants={"k": constant},
    )
    ranges = dict.fromkeys(model.shapes, ValueRange(0.0, 1.0))
    ranges |= {"b": ValueRange(0.0, 50.0), "k": ValueRange(-7.0, 2.0)}
    quantized = quantize(model, ValueRanges(ranges, 1, "percentile"))
    expected = ValueRange(-7.0, 50.0).quantization()
    assert {quantized.values[name].quantization for name in "abcdek"} == {expected}


def padded(*nodes: tuple[str, FloatOp, str], outputs: str) -> QuantModel:
    """Return the int8 network; every value was calibrated to [0, 2]."""
    model = network(*nodes, outputs=outputs)
    ranges = dict.fromkeys(model.shapes, ValueRange(0.0, 2.0))
    return quantize(model, ValueRanges(ranges, 1, "minmax"))


def pad(value: float) -> Pad:
    return Pad((0, 1), (0, 1), value)


def pad_error(model: QuantModel) -> float:
    """Return how far the padding of the only Pad is from its value, in steps."""
    (node,) = (node for node in model.nodes if isinstance(node.op, QuantPad))
    assert isinstance(node.op, QuantPad)
    format_ = model.values[node.output].quantization
    assert all(model.values[name].quantization == format_ for name in node.inputs)
    return abs(node.op.fill - format_.zero_point - 5.0 / format_.scale)


def test_padding_widens_the_range_of_what_is_padded() -> None:
    quantized = padded(("a", Ranged(), "x"), ("b", Kept(), "a"), ("c", pad(5.0), "b"), outputs="c")
    expected = ValueRange(0.0, 5.0).quantization()
    assert {quantized.values[name].quantization for name in "abc"} == {expected}
    assert pad_error(quantized) < 1.0


@pytest.mark.parametrize(
    ("nodes", "outputs"),
    [
        ((("c", pad(5.0), "x"),), "c"),
        ((("a", Squashed(), "x"), ("c", pad(5.0), "a")), "c"),
        ((("a", Ranged(), "x"), ("b", Ranged(), "a"), ("c", pad(5.0), "a")), "b c"),
        ((("a", Ranged(), "x"), ("b", Kept(), "a"), ("c", pad(5.0), "b")), "a c"),
    ],
    ids=["input", "fixed", "shared", "output"],
)
def test_padding_of_what_cannot_be_widened_is_requantized(
    nodes: tuple[tuple[str, FloatOp, str], ...], outputs: str
) -> None:
    quantized = padded(*nodes, outputs=outputs)
    assert quantized.nodes[-2].op.kind == "requantize"
    assert quantized.values["c"].quantization == ValueRange(0.0, 5.0).quantization()
    assert pad_error(quantized) < 1.0


def test_padding_of_a_concat_widens_all_its_operands() -> None:
    quantized = padded(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "x"),
        ("d", Joined(), "a b"),
        ("c", pad(-5.0), "d"),
        outputs="c",
    )
    expected = ValueRange(-5.0, 2.0).quantization()
    assert {quantized.values[name].quantization for name in "abcd"} == {expected}


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0, float(np.finfo(np.float32).min)])
def test_padding_that_is_held_changes_no_format(value: float) -> None:
    quantized = padded(("a", Ranged(), "x"), ("c", pad(value), "a"), outputs="c")
    assert quantized.values["c"].quantization == ValueRange(0.0, 2.0).quantization()
    assert len(quantized.nodes) == 2


def test_padding_within_a_fixed_format_is_left_alone() -> None:
    model = network(("a", Squashed(), "x"), ("b", Kept(), "a"), ("c", pad(0.9), "b"), outputs="c")
    narrow = ValueRanges(dict.fromkeys(model.shapes, ValueRange(0.0, 0.1)), 1, "minmax")
    assert {v.quantization for k, v in quantize(model, narrow).values.items() if k != "x"} == {
        FIXED
    }


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
    assert quantized.values["k"].quantization.scale == 3.0
    assert len(quantized.nodes) == 2


def test_shared_constants_are_copied_for_each_format() -> None:
    constant = np.full(SHAPE, 24.0, np.float32)
    model = network(
        ("a", Ranged(), "x"),
        ("b", Ranged(), "x"),
        ("c", Joined(), "k a"),
        ("d", Joined(), "b k"),
        outputs="c d",
        constants={"k": constant},
    )
    quantized = quantize(model, ranges_of(model))
    assert "k" not in quantized.constants
    assert {node.op.kind for node in quantized.nodes} == {"recorded"}
    for node in quantized.nodes[2:]:
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
        input_types=(ElementType.INT8,),
        is_quantized=(True,),
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
    assert "operands [0, 255], result [0, 510]" in caught.value.problem
    assert "calibration data" in caught.value.remedy


def test_range_too_wide_for_float32() -> None:
    model = network(("a", Ranged(), "x"), outputs="a")
    wide = ValueRanges(dict.fromkeys(model.shapes, ValueRange(-1e308, 1e300)), 1, "minmax")
    with pytest.raises(CalibrationError, match="range of value 'x' has no int8 format"):
        quantize(model, wide)


def test_value_without_a_range_is_a_bug() -> None:
    model = network(("a", Ranged(), "x"), outputs="a")
    with pytest.raises(InternalError, match="'x' has no calibrated range"):
        quantize(model, ValueRanges({}, 1, "minmax"))
