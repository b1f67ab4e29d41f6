"""Random layers at their limits, for every kernel; see bench/fuzz_kernels.py."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from bench.fuzz_cases import case_of
from bench.fuzz_kernels import (
    CORES,
    Tally,
    batch_of,
    fuzz,
    fuzzed_variants,
    main,
    repeat,
    setting_of,
)
from bench.fuzz_programs import Engine, check_cases

from cnnc.codegen.kernel import ScratchArgument
from cnnc.codegen.variants import variants

KERNELS = tuple(variant.kernel for variant in fuzzed_variants())
SETTING = setting_of("cortex-m0plus", "double")
FEW = 4
"""Cases of each kernel: enough to see that it still runs; the long test finds what is rare."""


def test_every_kernel_can_be_fuzzed() -> None:
    assert tuple(variant.kernel for variant in variants()) == KERNELS


@pytest.mark.parametrize("kernel", KERNELS)
def test_few_random_layers(kernel: str) -> None:
    (variant,) = (v for v in fuzzed_variants(kernel) if v.kernel == kernel)
    (core, *_) = CORES[variant.instruction_set]
    cases = batch_of(variant, itertools.count(), setting_of(core, "double"), Tally(), FEW)
    assert len(cases) == FEW
    for engine in (Engine(), Engine(core, "gcc", "-O2")):
        assert check_cases(cases, engine) == []


@pytest.mark.long
@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize("kernel", KERNELS)
def test_many_random_layers(kernel: str, turn: int) -> None:
    (variant,) = (v for v in fuzzed_variants(kernel) if v.kernel == kernel)
    tally = Tally()
    fuzz(variant, 0, turn, None, tally)
    assert tally.findings == []


def test_a_seed_gives_one_case() -> None:
    (variant,) = fuzzed_variants("add_linear_s8_armv6m")
    first, second = (case_of(variant, 5, SETTING) for _ in range(2))
    assert str(first) == str(second)


def test_repeats_a_case() -> None:
    (variant,) = fuzzed_variants("add_linear_s8_armv6m")
    assert list(repeat(variant, 5, "cortex-m3")) == []


@pytest.mark.parametrize("engine", [Engine(), Engine("cortex-m0plus", "clang", "-O2")], ids=str)
def test_finds_a_result_that_differs(engine: Engine) -> None:
    (variant,) = fuzzed_variants("add_linear_s8_armv6m")
    cases = batch_of(variant, itertools.count(), SETTING, Tally(), FEW)
    spoilt = cases[2].lowering.calls[0].parameters
    spoilt["offset"] += 1 << spoilt["shift"]
    (finding,) = check_cases(cases, engine)
    assert finding.case == str(cases[2])
    assert "instead of" in finding.problem


def test_finds_a_write_beside_the_result() -> None:
    (variant,) = fuzzed_variants("add_linear_s8_armv6m")
    cases = batch_of(variant, itertools.count(), SETTING, Tally(), FEW)
    cases[1].lowering.calls[0].parameters["size"] += 1
    (finding,) = check_cases(cases, Engine())
    size = int(np.prod(cases[1].layer.output))
    assert f"[{size}] of {size}" in finding.problem


def test_finds_an_access_that_armv6m_does_not_align() -> None:
    (variant,) = fuzzed_variants("conv2d_pairs_s8_armv6m")
    (case,) = batch_of(variant, itertools.count(), SETTING, Tally(), 1)
    (call,) = case.lowering.calls
    moved = replace(call, arguments=(*call.arguments[:-1], ScratchArgument(1)))
    spoilt = replace(case, lowering=replace(case.lowering, calls=(moved,)))
    assert check_cases([case], Engine("cortex-m0plus", "gcc", "-O2")) == []
    (finding,) = check_cases([spoilt], Engine("cortex-m0plus", "gcc", "-O2"))
    assert "the processor reported a fault" in finding.problem


def test_the_program_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0", "--kernel", "add_linear_s8_armv6m"]) == 0
    assert capsys.readouterr().out == "add_linear_s8_armv6m: 0 cases, 0 findings\n"
    with pytest.raises(SystemExit):
        main(["--kernel", "nothing"])
    assert "no kernel's name holds 'nothing'" in capsys.readouterr().err
