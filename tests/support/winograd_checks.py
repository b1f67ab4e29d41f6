"""What is tested of every Winograd kernel: remainders, borders, extremes, refusals."""

from dataclasses import replace
from typing import Any, ClassVar, Unpack

import numpy as np
import pytest
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant, check_variant_model, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, I32, Activation, Rounding, Window
from cnnc.ops.conv2d import Conv2d

Fields = dict[str, Any]
"""Fields of an integer op, by name."""
ROUNDINGS: list[Rounding] = ["double", "single"]


def conv2d(
    outputs: int,
    depth: int,
    activation: Activation = Activation.NONE,
    kernel: tuple[int, int] = (3, 3),
    groups: int = 1,
    **window: Unpack[Geometry],
) -> Conv2d:
    generator = np.random.default_rng(outputs * 64 + depth)

    def normal(*shape: int) -> F32:
        return generator.normal(size=shape).astype(np.float32)

    return Conv2d(
        weight=normal(outputs, *kernel, depth // groups),
        bias=normal(outputs),
        activation=activation,
        window=Window(*kernel, **window),
        groups=groups,
    )


def case(
    name: str, op: Conv2d, rows: int, cols: int, output_range: tuple[float, float] | None = None
) -> OpCase:
    depth = op.weight.shape[3] * op.groups
    return OpCase(name, op, ((1, rows, cols, depth),), output_range=output_range)


def scattered(count: int, step: int) -> int:
    """Return a number in 1..9; all of them as count runs over 1..9 (step 2, 4, 5, 7 or 8)."""
    return count * step % 9 + 1


# Channels run over all remainders of a block, in another order; rows and columns over those of the
# largest tiles.
REMAINDERS = [
    case(
        f"{count}_channels",
        conv2d(count, scattered(count, 5), **ONE_AROUND),
        scattered(count, 2),
        scattered(count, 7) + 3,
    )
    for count in range(1, 10)
]
BORDERS = [
    case("one_pixel", conv2d(4, 4, **ONE_AROUND), 1, 1),
    case("valid", conv2d(5, 4), 8, 14),
    case("pads_after", conv2d(4, 4, pad_bottom=1, pad_right=1), 7, 9),
    case("pads_before", conv2d(4, 4, pad_top=1, pad_left=1), 6, 10),
    case("wide_pads", conv2d(4, 4, pad_top=3, pad_bottom=2, pad_left=4, pad_right=5), 3, 5),
    case("one_row", conv2d(4, 4, **ONE_AROUND), 1, 17),
    case("one_column", conv2d(4, 4, **ONE_AROUND), 17, 1),
    case("inner_tiles", conv2d(6, 8, **ONE_AROUND), 13, 21),
]
# The pairs of input channels that are taken in one round of the products' loop: 16, two ahead.
DEPTHS = [
    case(f"depth_{depth}", conv2d(4, depth, **ONE_AROUND), 4, 8) for depth in (32, 36, 37, 68, 100)
]
FORMATS = [
    case("relu", conv2d(5, 6, Activation.RELU, **ONE_AROUND), 5, 9),
    case("relu6", conv2d(5, 6, Activation.RELU6, **ONE_AROUND), 5, 9, output_range=(0.0, 9.0)),
    case("relu_n1", conv2d(5, 6, Activation.RELU_N1_TO_1, **ONE_AROUND), 5, 9),
    OpCase("positive", conv2d(5, 6, **ONE_AROUND), ((1, 5, 9, 6),), ((0.0, 1.0),)),
    OpCase("negative", conv2d(5, 6, **ONE_AROUND), ((1, 5, 9, 6),), ((-1.0, 0.0),)),
    case("positive_result", conv2d(5, 6, **ONE_AROUND), 5, 9, output_range=(0.0, 9.0)),
    case("negative_result", conv2d(5, 6, **ONE_AROUND), 5, 9, output_range=(-9.0, 0.0)),
    OpCase("batch", conv2d(5, 6, **ONE_AROUND), ((3, 5, 9, 6),)),
]
REFUSED = {
    "kernel is 3x2": case("3x2", conv2d(4, 4, kernel=(3, 2)), 6, 6),
    "kernel is 1x1": case("1x1", conv2d(4, 4, kernel=(1, 1)), 6, 6),
    "stride is 2x1": case("stride", conv2d(4, 4, stride_rows=2), 6, 6),
    "dilation is 1x2": case("dilation", conv2d(4, 4, dilation_cols=2), 6, 6),
    "2 groups": case("groups", conv2d(4, 4, groups=2), 6, 6),
}


def changed(model: QuantModel, fields: Fields) -> QuantModel:
    """Return a one-op model with other fields of its op."""
    node = model.nodes[0]
    return replace(model, nodes=(replace(node, op=replace(node.op, **fields)),))


def plain_model(rounding: Rounding = "double") -> QuantModel:
    return quantized_case(case("plain", conv2d(4, 8, **ONE_AROUND), 6, 10), rounding)


def constants(*values: int) -> I32:
    return np.array(values, np.int32)


class WinogradChecks:
    """Tests of one kernel; a test file's class names it."""

    kernel: ClassVar[str]

    @pytest.mark.parametrize("example", [*REMAINDERS, *BORDERS, *DEPTHS, *FORMATS], ids=str)
    def test_bytes_are_the_reference(self, example: OpCase) -> None:
        """Remainders of all blocks, borders, formats."""
        check_variant(example, self.kernel)

    @pytest.mark.parametrize("example", [REMAINDERS[4], *FORMATS[:2], FORMATS[-2]], ids=str)
    def test_single_rounding(self, example: OpCase) -> None:
        """The other rounding."""
        check_variant(example, self.kernel, "single")

    @pytest.mark.parametrize("rounding", ROUNDINGS)
    @pytest.mark.parametrize("weight", [-128, -127, 127])
    def test_extreme_weights(self, weight: int, rounding: Rounding) -> None:
        """The largest transformed weights."""
        model = plain_model(rounding)
        extreme = np.full((4, 3, 3, 8), weight, np.int8)
        # Signs of the points at which the filters are evaluated.
        extreme[1, ::2] = -1 - weight
        extreme[2, :, 1] = -1 - weight
        multipliers = constants(2**30, 2**31 - 1, 1518500250, 2**30 + 1)
        model = changed(
            model,
            {"weight": extreme, "multipliers": multipliers, "shifts": constants(*[-9] * 4)},
        )
        check_variant_model(f"weights_of_{weight}", model, self.kernel)

    @pytest.mark.parametrize("rounding", ROUNDINGS)
    def test_shifts_that_differ_and_ties(self, rounding: Rounding) -> None:
        """Channels that round at different bits."""
        weight = np.zeros((4, 3, 3, 8), np.int8)
        weight[:, 1, 1, 3] = (1, -1, 3, 64)
        # Powers of two: a quarter, an eighth, ... of an odd accumulator is a tie.
        formats = ((-128, (-1, -2, -3, -4)), (0, (-1, -2, -3, -4)), (127, (-5, -6, -7, -14)))
        for zero_point, shifts in formats:
            fields: Fields = {
                "weight": weight,
                "bias": constants(0, 1, -1, 7),
                "multipliers": constants(*[2**30] * 4),
                "shifts": constants(*shifts),
            }
            model = changed(plain_model(rounding), fields | {"output_zero_point": zero_point})
            check_variant_model(f"shifts {shifts}", model, self.kernel)

    def test_channels_that_are_scaled_by_zero(self) -> None:
        """Multiplier 0."""
        model = plain_model()
        fields: Fields = {
            "multipliers": constants(0, 2**30, 0, 2**31 - 1),
            "shifts": constants(0, -8, 0, -9),
        }
        check_variant_model("zero", changed(model, fields), self.kernel)

    def test_large_bias(self) -> None:
        """A bias near the bound of the sums."""
        bias = constants(2**24, -(2**24), 2**23, -1)
        check_variant_model("bias", changed(plain_model(), {"bias": bias}), self.kernel)

    @pytest.mark.parametrize("reason", REFUSED)
    def test_shapes_that_are_refused(self, reason: str) -> None:
        """What is no such convolution."""
        assert reason in refusal(REFUSED[reason], self.kernel)

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"shifts": constants(-3, 0, -3, -3)}, "multiplier is 1/2 or more"),
            ({"shifts": constants(-3, -3, -30, -3)}, "multiplier is too small"),
            ({"bias": constants(0, 0, 0, 2**29)}, "an accumulator may pass 2^"),
        ],
    )
    def test_constants_that_are_refused(self, fields: Fields, reason: str) -> None:
        """What cannot be proven exact."""
        answer = lowered(changed(plain_model(), fields), 0, self.kernel)
        assert isinstance(answer, Refusal)
        assert reason in answer.reason

    def test_half_is_accepted_in_single_rounding(self) -> None:
        """No right shift."""
        model = changed(plain_model("single"), {"shifts": constants(0, 0, -3, -3)})
        check_variant_model("half", model, self.kernel)

    def test_cost_falls_with_depth(self) -> None:
        """Work per input channel."""
        costs = []
        for depth in (4, 16, 64):
            answer = lowered(
                quantized_case(case("cost", conv2d(16, depth, **ONE_AROUND), 16, 16), "double"),
                0,
                self.kernel,
            )
            assert isinstance(answer, Lowering)
            assert answer.instructions is not None
            costs.append(answer.instructions / depth)
        assert costs[0] > costs[1] > costs[2]
