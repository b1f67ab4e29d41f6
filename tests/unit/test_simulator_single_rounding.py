"""XNNPACK as the judge of single rounding: what it can tell, and what it cannot."""

import os
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.support.op_cases import OpCase, case_chunk, quantized_case

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, Activation, Window
from cnnc.ops.concat import Concat
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.fully_connected import FullyConnected
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Comparison, EngineResult
from cnnc.simulator.reference import run_reference
from cnnc.simulator.tflite_runtime import TfliteRuntime, TfliteSession, find_runtime
from cnnc.simulator.tflite_single import NudgedArithmetic, SingleRoundingEngine


def _random(*shape: int) -> F32:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def _convolution() -> OpCase:
    op = Conv2d(_random(8, 3, 3, 4), _random(8), Activation.NONE, Window(3, 3), 1)
    return OpCase("convolution", op, ((1, 24, 24, 4),))


def _dense() -> OpCase:
    op = FullyConnected(_random(40, 30), _random(40), Activation.NONE)
    return OpCase("dense", op, ((40, 30),))


def _judge(model: QuantModel, chunk: Chunk) -> tuple[EngineResult, SingleRoundingEngine]:
    engine = SingleRoundingEngine(model, find_runtime(["ai-edge-litert"]))
    comparison = Comparison(model, engine)
    comparison.add(chunk)
    return comparison.result({}), engine


@pytest.mark.parametrize("case", [_convolution, _dense])
def test_single_rounding_passes_and_double_rounding_does_not(case: Callable[[], OpCase]) -> None:
    model = quantized_case(case(), "single")
    result, engine = _judge(model, case_chunk(model))
    assert result.bit_exact is True
    assert engine.undecided_values * 1000 <= result.compared_values
    doubled = replace(model, rounding="double")
    result, _ = _judge(doubled, case_chunk(doubled))
    assert result.bit_exact is False
    assert result.mismatched_values > 0


class _LoudInterpreter:
    """Writes to the file descriptor as the runtime's C++ does, once it is made."""

    def __init__(self, **_options: object) -> None:
        os.write(2, b"INFO: Created a delegate\n")

    def allocate_tensors(self) -> None:
        os.write(2, b"INFO: Replaced 3 nodes\n")

    def get_input_details(self) -> list[object]:
        return []

    get_output_details = get_input_details


def test_the_runtime_keeps_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    resolvers = SimpleNamespace(AUTO=0, BUILTIN_REF=1)
    module = SimpleNamespace(OpResolverType=resolvers, Interpreter=_LoudInterpreter)
    session = TfliteSession(TfliteRuntime("ai-edge-litert", "1", module), b"", "default")
    os.write(2, b"after\n")
    assert not list(session.run([]))
    assert capfd.readouterr().err == "after\n"


def test_an_error_of_one_step_is_not_excused_as_a_tie() -> None:
    model = quantized_case(_convolution(), "single")
    inputs = case_chunk(model).inputs
    values = run_reference(model, inputs)
    wrong = values["output"].copy()
    wrong.view(np.uint8)[0, 0, 5, 5, 2] ^= 1
    result, _ = _judge(model, Chunk(0, {}, inputs, {**values, "output": wrong}))
    assert result.mismatched_values == 1
    assert result.first_divergence is not None
    assert result.first_divergence.layer == "node"


def test_requantization_is_judged_as_a_table() -> None:
    case = OpCase("join", Concat(0), ((70,), (9,)), ((-1.0, 1.0), (-0.3, 0.2)))
    model = quantized_case(case, "single")
    result, _ = _judge(model, case_chunk(model))
    assert result.bit_exact is True
    assert not result.not_compared


def test_nudges_move_ties_and_nothing_else() -> None:
    products = np.arange(-4000, 4000, dtype=np.int64)
    multiplier, shift = 3 << 29, -3
    exact = Arithmetic("single").rescale(products, multiplier, shift)
    low = NudgedArithmetic("single", -1).rescale(products, multiplier, shift)
    high = NudgedArithmetic("single", 1).rescale(products, multiplier, shift)
    ties = (products * 3) % 32 == 16
    assert np.array_equal(high, exact)
    assert np.array_equal(low[~ties], exact[~ties])
    assert np.array_equal(low[ties], exact[ties] - 1)
