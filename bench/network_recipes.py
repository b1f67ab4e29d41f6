"""What networks are drawn from: each operator that cnnc reads, with random valid attributes."""

from bench.network_draw import Recipe
from bench.network_elementwise import ELEMENTWISE
from bench.network_moves import MOVES
from bench.network_sums import SUMS
from bench.network_windows import WINDOWS

_ALL: dict[str, Recipe] = {**ELEMENTWISE, **WINDOWS, **MOVES, **SUMS}
_QUANTIZABLE = (
    "convolution", "convolution", "convolution", "pool", "global_pool", "gemm", "binary",
    "concat", "clip", "reshape", "flatten", "transpose", "matmul", "batch_norm", "softmax",
    "resize", "pad", "split",
)  # fmt: skip
_OTHERS = (
    "unary", "unary", "shaped", "of_positive", "power", "extreme", "divide", "prelu",
    "transposed", "normalization", "blocks", "slice", "unit_axes", "repeat", "gather", "reduce",
    "reduce", "arg", "cast", "pattern", "binary", "pool",
)  # fmt: skip
"""Names may stand twice, to be drawn more often; a seed is a network in this order alone."""

QUANTIZABLE: tuple[Recipe, ...] = tuple(_ALL[name] for name in _QUANTIZABLE)
"""What ONNX Runtime's quantizer knows, and what comes between."""

RECIPES: tuple[Recipe, ...] = (*QUANTIZABLE, *(_ALL[name] for name in _OTHERS))
"""Every operator that cnnc reads."""
