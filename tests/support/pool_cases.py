"""Pools whose channels, windows and borders leave every kind of remainder."""

from tests.support.op_cases import OpCase

from cnnc.ir.types import Shape, Window
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.mean import Mean

_AROUND = {"pad_top": 1, "pad_left": 1, "pad_bottom": 2, "pad_right": 1}
_CHANNELS = (8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 83)
_WINDOWS: tuple[tuple[str, Window, Shape], ...] = (
    ("borders", Window(3, 3, 2, 2, **_AROUND), (2, 7, 8, 24)),
    ("borders_of_few_channels", Window(3, 3, 2, 2, **_AROUND), (2, 7, 8, 11)),
    ("dilations", Window(2, 3, dilation_rows=2, dilation_cols=3), (1, 6, 9, 16)),
    ("one_element", Window(1, 1), (1, 1, 1, 16)),
    ("one_row", Window(1, 3, 1, 2), (2, 4, 9, 40)),
    ("large", Window(6, 9), (1, 7, 9, 32)),
    ("large_of_few_channels", Window(5, 7), (1, 5, 7, 9)),
    (
        "wider_than_the_image",
        Window(3, 3, pad_top=1, pad_left=1, pad_bottom=1, pad_right=1),
        (1, 2, 2, 35),
    ),
)

MAX_POOL_CASES = (
    *(
        OpCase(f"channels_{count}", MaxPool(Window(2, 2, 2, 2)), ((1, 6, 4, count),))
        for count in _CHANNELS
    ),
    *(OpCase(name, MaxPool(window), (shape,)) for name, window, shape in _WINDOWS),
)

_HIGH = ((-1.0, 0.0), (0.0, 1.0))
"""Ranges with zero points at the ends."""

AVERAGE_POOL_CASES = (
    *(
        OpCase(f"channels_{count}", AveragePool(Window(2, 2, 2, 2)), ((1, 6, 4, count),))
        for count in _CHANNELS
    ),
    *(OpCase(name, AveragePool(window), (shape,)) for name, window, shape in _WINDOWS),
    *(
        OpCase(
            f"taps_{rows}_{cols}",
            AveragePool(Window(rows, cols, pad_left=cols // 2), count_include_pad=counted),
            ((1, rows + 2, cols + 1, channels),),
            (_HIGH[counted],),
        )
        for rows, cols, channels, counted in (
            (3, 3, 16, False),
            (11, 1, 20, True),
            (3, 4, 16, True),
            (5, 2, 9, True),
            (16, 16, 8, False),
            (1, 255, 8, True),
        )
    ),
)

MEAN_CASES = tuple(
    OpCase(
        f"mean_{index}", Mean(axes, keep_dims=True), (shape,), (_HIGH[index % 2],), output_range=out
    )
    for index, (shape, axes, out) in enumerate(
        (
            ((1, 5, 3, 8), (1, 2), None),
            ((3, 4, 6, 11), (1, 2), None),
            ((2, 13, 5, 16), (1,), None),
            ((1, 20, 16, 33), (1, 2), (-0.6, 0.5)),
            ((1, 257, 1, 16), (1,), (-0.3, 0.2)),
            ((2, 2, 1, 48), (1, 2), None),
            ((1, 3, 1, 17), (1, 2), (-0.25, 0.25)),
        )
    )
)
