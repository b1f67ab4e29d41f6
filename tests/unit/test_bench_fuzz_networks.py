"""Random networks through every engine: a small, fixed part of ``bench.fuzz_networks``."""

import numpy as np
import pytest
from bench.fuzz_networks import fuzzed, summary
from bench.network_check import Outcome, check_programs
from bench.network_draw import draw_network
from bench.network_recipes import RECIPES


def test_float_networks() -> None:
    outcomes = list(fuzzed(range(1, 7), quantize=False))
    check_programs(outcomes)
    _check(outcomes, "host")


@pytest.mark.long
def test_more_float_networks() -> None:
    outcomes = list(fuzzed(range(1, 201), quantize=False))
    _check(outcomes, "float32")


def test_quantized_networks() -> None:
    outcomes = list(fuzzed(range(1, 7), quantize=True))
    check_programs(outcomes)
    _check(outcomes, "host")
    assert any(outcome.steps for outcome in outcomes)


def test_a_seed_is_a_network() -> None:
    first, second = draw_network(17, RECIPES), draw_network(17, RECIPES)
    assert first.proto.SerializeToString() == second.proto.SerializeToString()
    assert draw_network(18, RECIPES).proto.SerializeToString() != first.proto.SerializeToString()


def test_a_wrong_byte_is_found() -> None:
    (outcome,) = fuzzed([3], quantize=False)
    job, outputs = outcome.jobs[0]
    outcome.jobs[0] = (job, [array.astype(np.float32) + 1 for array in outputs])
    check_programs([outcome])
    assert [finding.stage for finding in outcome.findings] == ["host"] * len(outputs)
    assert summary([outcome]).endswith("1 networks with findings\n")


def _check(outcomes: list[Outcome], stage: str) -> None:
    assert not [finding for outcome in outcomes for finding in outcome.findings]
    passed = [outcome for outcome in outcomes if stage in outcome.passed]
    assert 10 * len(passed) >= 8 * len(outcomes)
