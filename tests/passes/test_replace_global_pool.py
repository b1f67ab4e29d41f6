"""An average over the whole image becomes a mean, which has its own int8 format."""

import pytest
from tests.passes.network import Network, assert_fires, assert_idle

from cnnc.ir.types import Window, Window3, WindowAxis
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.mean import Mean
from cnnc.passes.replace_global_pool import REPLACE_GLOBAL_POOL


@pytest.mark.parametrize("count_include_pad", [False, True])
def test_window_of_the_images_size(count_include_pad: bool) -> None:
    net = Network(x=(2, 3, 5, 4))
    value = net.add(AveragePool(Window(3, 5, 2, 1), count_include_pad), "x")
    after = assert_fires(net.model(value), [REPLACE_GLOBAL_POOL], ["mean"])
    op = after.nodes[0].op
    assert isinstance(op, Mean)
    assert (op.axes, op.keep_dims) == ((1, 2), True)


def test_window_of_the_volumes_size() -> None:
    net = Network(x=(2, 2, 3, 5, 4))
    cube = Window3(WindowAxis(2), WindowAxis(3, 2), WindowAxis(5))
    after = assert_fires(
        net.model(net.add(AveragePool(cube), "x")), [REPLACE_GLOBAL_POOL], ["mean"]
    )
    op = after.nodes[0].op
    assert isinstance(op, Mean)
    assert op.axes == (1, 2, 3)


@pytest.mark.parametrize(
    "pool",
    [
        AveragePool(Window(3, 3)),
        AveragePool(Window(2, 5)),
        AveragePool(Window(3, 5, pad_top=1)),
        AveragePool(Window(3, 5, pad_right=1), count_include_pad=True),
        AveragePool(Window(2, 5, dilation_rows=2)),
    ],
    ids=["smaller", "fewer rows", "padding", "counted padding", "dilation"],
)
def test_other_windows_stay(pool: AveragePool) -> None:
    net = Network(x=(1, 3, 5, 2))
    assert_idle(net.model(net.add(pool, "x")), REPLACE_GLOBAL_POOL)
