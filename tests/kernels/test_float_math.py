"""runtime/cnnc_float*.h: the bits of the NumPy twins by every compiler, and how exact they are."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.support.emitted import C_FLAGS, SANITIZERS, run_tool

from cnnc.ir.types import F32, F64
from cnnc.quantize import float_math, float_pow, float_trigonometry

RUNTIME = Path(__file__).parents[2] / "runtime"
PROGRAM = Path(__file__).parent / "programs" / "float_math.c"
_FLAGS = (*C_FLAGS, "-ffp-contract=off", f"-I{RUNTIME}")
# The emulator reads and writes streams for a program without an operating system.
_SEMIHOSTING = ("--specs=rdimon.specs",)
_HARD_FLOAT = ("-mfloat-abi=hard", "-mfpu=vfpv4-d16", *_SEMIHOSTING)
BUILDS: dict[str, tuple[str, ...]] = {
    "gcc": ("gcc", "-O2", *SANITIZERS),
    "gcc_fast": ("gcc", "-O3", "-march=native"),
    "gcc_portable": ("gcc", "-O2", "-DCNNC_PORTABLE_MATH", *SANITIZERS),
    "clang": ("clang", "-O3", "-march=native"),
    "aarch64": ("aarch64-linux-gnu-gcc", "-O3", "-static"),
    "arm": ("arm-none-eabi-gcc", "-O2", "-marm", "-mcpu=cortex-a7", *_HARD_FLOAT),
    "arm_soft_float": ("arm-none-eabi-gcc", "-O2", "-marm", "-mcpu=arm926ej-s", *_SEMIHOSTING),
}
RUNNERS = {"aarch64": "qemu-aarch64", "arm": "qemu-arm", "arm_soft_float": "qemu-arm"}

Twin = Callable[[F32], F32]
UNARY: dict[str, Twin] = {
    "exp": float_math.exp,
    "expm1": float_math.expm1,
    "log": float_math.log,
    "log1p": float_math.log1p,
    "sigmoid": float_math.sigmoid,
    "tanh": float_math.tanh,
    "erf": float_math.erf,
    "sqrt": float_math.sqrt,
    "sin": float_trigonometry.sin,
    "cos": float_trigonometry.cos,
}


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -700 else 0.0


EXACT: dict[str, tuple[Callable[[float], float], tuple[float, float], float]] = {
    "exp": (math.exp, (-87.0, 88.0), 1.0),
    "expm1": (math.expm1, (-20.0, 88.0), 2.0),
    "log": (math.log, (1e-37, 1e38), 1.0),
    "log1p": (math.log1p, (0.0, 1.0), 1.5),
    "sigmoid": (_sigmoid, (-80.0, 80.0), 2.0),
    "tanh": (math.tanh, (-10.0, 10.0), 1.5),
    "erf": (math.erf, (-4.5, 4.5), 1.5),
    "sqrt": (math.sqrt, (0.0, 3e38), 0.5),
    "sin": (math.sin, (-1e6, 1e6), 2.5),
    "cos": (math.cos, (-1e6, 1e6), 2.5),
}
"""Function in double, interval, largest error in units in the last place."""


def special_numbers() -> F32:
    """Return infinities, NaN, zeros, and around every power of two, subnormal ones included."""
    powers = np.ldexp(1.0, np.arange(-149, 128)).astype(np.float32)
    near = np.concatenate([powers, np.nextafter(powers, np.float32(0)), powers * np.float32(1.5)])
    small = np.arange(-400, 401, dtype=np.float32) / np.float32(4)
    rest = [0.0, np.inf, np.nan, 88.72283, 88.72284, 103.97, 104.0, 3.4028235e38, 0.9, 0.625]
    positive = np.concatenate([near, np.array(rest, np.float32)])
    return np.concatenate([positive, -positive, small])


def arguments() -> F32:
    """Return the special numbers, a million random bit patterns, and numbers of usual size."""
    generator = np.random.default_rng(0)
    patterns = generator.integers(0, 2**32, 700_000, dtype=np.uint32).view(np.float32)
    usual = generator.normal(0.0, 5.0, 300_000).astype(np.float32)
    return np.concatenate([special_numbers(), patterns, usual])


def pairs() -> tuple[F32, F32]:
    """Return bases and exponents: special with special, random bits, and usual sizes."""
    special = special_numbers()[::7]
    extra = np.array([0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, np.inf, -np.inf, np.nan], np.float32)
    chosen = np.concatenate([special, extra])
    x, y = (grid.ravel() for grid in np.meshgrid(chosen, chosen))
    generator = np.random.default_rng(1)
    patterns = generator.integers(0, 2**32, (2, 300_000), dtype=np.uint32).view(np.float32)
    base = np.exp(generator.normal(0.0, 3.0, 300_000)).astype(np.float32)
    exponent = generator.normal(0.0, 8.0, 300_000).astype(np.float32)
    return np.concatenate([x, patterns[0], base]), np.concatenate([y, patterns[1], exponent])


@pytest.fixture(scope="module", params=BUILDS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the command that runs the test program of one compiler."""
    name: str = request.param
    output = tmp_path_factory.mktemp(name) / "float_math"
    runner = [shutil.which(RUNNERS[name]) or RUNNERS[name]] if name in RUNNERS else []
    run_tool([*BUILDS[name], *_FLAGS, PROGRAM, "-o", output])
    return [*runner, str(output)]


def _apply(program: list[str], name: str, x: F32, y: F32) -> F32:
    stdout = run_tool([*program, name], np.stack([x, y], axis=1).tobytes())
    return np.frombuffer(stdout, np.float32)


def _assert_same_bits(found: F32, expected: F32, name: str) -> None:
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(found.view(np.int32), expected.view(np.int32), name)


@pytest.mark.parametrize("name", UNARY)
def test_c_and_numpy_give_the_same_bits(program: list[str], name: str) -> None:
    x = arguments()
    if name == "log1p":
        x = x[(x >= 0) & (x <= 1)]
    _assert_same_bits(_apply(program, name, x, np.zeros_like(x)), UNARY[name](x), name)


def test_powers_have_the_same_bits(program: list[str]) -> None:
    x, y = pairs()
    _assert_same_bits(_apply(program, "pow", x, y), float_pow.power(x, y), "pow")


@pytest.mark.parametrize("name", EXACT)
def test_errors_in_units_in_the_last_place(name: str) -> None:
    exact, (low, high), limit = EXACT[name]
    generator = np.random.default_rng(2)
    wide = np.exp(generator.uniform(-20, math.log(high), 100_000))
    signs = np.where(generator.random(100_000) < 0.5, -1.0, 1.0)
    x = np.concatenate([generator.uniform(low, high, 100_000), wide * signs]).astype(np.float32)
    x = x[(x >= low) & (x <= high)]
    expected = np.array([exact(float(value)) for value in x])
    assert _largest_error(UNARY[name](x), expected) <= limit


def test_errors_of_powers() -> None:
    x, y = (array[-300_000:] for array in pairs())
    exact = np.exp(y.astype(np.float64) * np.log(x.astype(np.float64)))
    inside = (exact > 1e-37) & (exact < 3e38)
    assert _largest_error(float_pow.power(x[inside], y[inside]), exact[inside]) <= 1.5


def _largest_error(found: F32, exact: F64) -> float:
    unit = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return float((np.abs(found.astype(np.float64) - exact) / unit).max())


def test_powers_follow_c99() -> None:
    values = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1e30, np.inf, -np.inf, np.nan]
    x, y = (grid.ravel().astype(np.float32) for grid in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = np.power(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(float_pow.power(x, y), expected, rtol=2e-7)


def test_square_roots_are_exactly_rounded() -> None:
    x = arguments()
    x = np.abs(x[np.isfinite(x)])
    exact = np.sqrt(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(float_math.sqrt(x), exact)


def test_no_function_warns_or_keeps_a_payload() -> None:
    odd = np.array([0x7F800001, 0xFFC12345], np.uint32).view(np.float32)
    for name, function in UNARY.items():
        bits = function(odd).view(np.int32)
        np.testing.assert_array_equal(bits, 0x7FC00000, name)
