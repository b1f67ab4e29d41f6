"""Small sums times a half without a shift: ties of negative ones go up, as those of others do."""

import numpy as np
import pytest
from tests.ops.test_depthwise_conv2d import depthwise
from tests.ops.test_fully_connected import fully_connected
from tests.support.changed_layers import changed
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant_models

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I8

_CHANNELS = 17
_HALF = 2**30
_SHIFTS = {"none_shifted": (0, 0), "some_shifted": (0, -1)}


@pytest.mark.parametrize("isa", ["neon64", "neon32", "neon_dot", "avx2", "avx512vnni", "armv6simd"])
def test_fully_connected(isa: str) -> None:
    case = OpCase("rows", fully_connected(_CHANNELS, 2), ((5, 2),))
    weight = np.ones((_CHANNELS, 2), np.int8)
    weight[::3, 1] = -1
    check_variant_models(_models(case, weight), f"fully_connected_s8_{isa}")


@pytest.mark.parametrize("isa", ["neon", "avx2", "avx512vnni"])
def test_depthwise(isa: str) -> None:
    case = OpCase("image", depthwise((3, 3, _CHANNELS), **ONE_AROUND), ((1, 3, 4, _CHANNELS),))
    weight = np.zeros((3, 3, _CHANNELS), np.int8)
    weight[1, 1] = 1
    weight[0, 2, ::3] = -1
    check_variant_models(_models(case, weight), f"depthwise_conv2d_s8_{isa}")


def _models(case: OpCase, weight: I8) -> dict[str, QuantModel]:
    """Return layers that halve sums, whose results are seen on both sides of the zero point."""
    return {
        name: changed(
            case,
            weight=weight,
            bias=np.arange(_CHANNELS, dtype=np.int32) % 2,
            multipliers=np.full(_CHANNELS, _HALF, np.int32),
            shifts=np.resize(np.array(shifts, np.int32), _CHANNELS),
            output_zero_point=3,
        )
        for name, shifts in _SHIFTS.items()
    }
