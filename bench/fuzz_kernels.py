"""Try to break the kernels for instruction sets with random layers at their limits.

Run from the checkout: ``python -m bench.fuzz_kernels --seconds 600 --seed 1 [--core CORE]
[--kernel KERNEL]``. Every finding names the kernel and the case's seed; ``--kernel KERNEL --case
SEED`` repeats it alone. Each batch runs on this machine under ASan and UBSan and on an emulated
core, with GCC and Clang in turns.
"""

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.fuzz_cases import FuzzCase, Setting, case_of, drawable
from bench.fuzz_programs import Engine, Finding, check_cases
from cnnc.codegen.variants import KernelVariant, Refusal, variants
from cnnc.deploy.targets import find_target
from cnnc.errors import InternalError
from cnnc.ir.types import Rounding, elements

CORES = {
    "armv6m": ("cortex-m0plus", "cortex-m3", "cortex-m4"),
    "armv7m": ("cortex-m3", "cortex-m4"),
    "dsp": ("cortex-m4", "cortex-m33", "cortex-m7"),
    "mve": ("cortex-m55",),
    "neon": ("cortex-a53", "cortex-a7", "cortex-a76"),
    "neon32": ("cortex-a7",),
    "neon64": ("cortex-a53", "cortex-a76"),
    "neon_dot": ("cortex-a76",),
    "armv6simd": ("arm1176",),
    "avx2": ("x86-64-avx2", "x86-64-avx512vnni"),
    "avx512vnni": ("x86-64-avx512vnni",),
}
"""Instruction set -> the cores that its kernels run on in turns unless one is asked for."""

BUILDS = (
    ("gcc", "-O2"),
    ("clang", "-O2"),
    ("gcc", "-O3"),
    ("gcc", "-Os"),
    ("clang", "-Os"),
    ("gcc", "-O0"),
    ("clang", "-O3"),
)
_BATCH_CASES = 40
_BATCH_BYTES = 300_000
_MOST_DRAWS = 4000
"""Draws for one batch: most variants refuse most layers of some kinds."""


@dataclass
class Tally:
    """What became of one kernel's layers.

    Attributes:
        cases: How many were computed on all engines.
        refused: Reason -> how many were refused.
        findings: What is wrong.
    """

    cases: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    findings: list[Finding] = field(default_factory=list[Finding])


def fuzzed_variants(kernel: str = "") -> tuple[KernelVariant[Any], ...]:
    """Return the variants whose operators can be drawn and whose name holds a word."""
    return tuple(v for v in variants() if kernel in v.kernel and drawable([v.op]))


def batch_of(
    variant: KernelVariant[Any], seeds: Iterator[int], setting: Setting, tally: Tally, most: int
) -> list[FuzzCase]:
    """Return the next cases that a variant accepts.

    Args:
        variant: For whom.
        seeds: What cases are drawn from.
        setting: Rounding and core of all of them.
        tally: Counts the refusals.
        most: How many cases; fewer if they are large.
    """
    cases: list[FuzzCase] = []
    room = _BATCH_BYTES
    for seed in itertools.islice(seeds, _MOST_DRAWS):
        try:
            found = case_of(variant, seed, setting)
        except InternalError as error:
            tally.findings.append(Finding(f"{variant.kernel} {seed}", "the compiler", str(error)))
            continue
        if isinstance(found, Refusal):
            tally.refused[found.reason] += 1
        elif found is not None:
            cases.append(found)
            shapes = (*found.layer.inputs, found.layer.output)
            room -= sum(map(elements, shapes)) + found.lowering.scratch_bytes
        if len(cases) == most or room < 0:
            break
    return cases


def setting_of(core: str, rounding: Rounding) -> Setting:
    """Return what a variant for a core is asked with."""
    return Setting(rounding, frozenset(find_target(core).core.instruction_sets))


def fuzz(variant: KernelVariant[Any], seed: int, turn: int, core: str | None, tally: Tally) -> None:
    """Check one batch of a variant's cases, each turn with another core and compiler.

    Args:
        variant: Which one.
        seed: Of the whole run.
        turn: Number of the batch.
        core: The only core to run on; None for all in turns.
        tally: Takes the findings.
    """
    cores = CORES[variant.instruction_set]
    where = core or cores[turn % len(cores)]
    rounding: Rounding = "single" if turn % 5 == 4 else "double"
    seeds = itertools.count((seed * 10_000 + turn) * _MOST_DRAWS)
    cases = batch_of(variant, seeds, setting_of(where, rounding), tally, _BATCH_CASES)
    if not cases:
        return
    for engine in (Engine(), Engine(where, *BUILDS[turn % len(BUILDS)])):
        tally.findings += check_cases(cases, engine)
    tally.cases += len(cases)


def repeat(variant: KernelVariant[Any], seed: int, core: str | None) -> Iterator[Finding]:
    """Check one case on all cores, with all builds and both roundings."""
    cores = [core] if core else CORES[variant.instruction_set]
    roundings: tuple[Rounding, ...] = ("double", "single")
    for where, rounding in itertools.product(cores, roundings):
        case = case_of(variant, seed, setting_of(where, rounding))
        if isinstance(case, FuzzCase):
            for engine in (Engine(), *(Engine(where, *build) for build in BUILDS)):
                yield from check_cases([case], engine)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz until the time is over; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="time to spend")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other cases")
    parser.add_argument("--core", help="emulated core (default: one per instruction set)")
    parser.add_argument("--kernel", default="", help="part of the names of the kernels to try")
    parser.add_argument("--case", type=int, help="seed of the only case to try")
    options = parser.parse_args(arguments)
    chosen = fuzzed_variants(options.kernel)
    if not chosen:
        parser.error(f"no kernel's name holds '{options.kernel}'")
    if options.case is not None:
        return _report(f for v in chosen for f in repeat(v, options.case, options.core))
    tallies = {variant.kernel: Tally() for variant in chosen}
    end = time.monotonic() + options.seconds
    wrong = _report(_all_findings(chosen, tallies, end, options))
    for kernel, tally in tallies.items():
        _say(f"{kernel}: {tally.cases} cases, {len(tally.findings)} findings")
        for reason, count in tally.refused.most_common(5):
            _say(f"    {count} refused: {reason}")
    return wrong


def _all_findings(
    chosen: Sequence[KernelVariant[Any]],
    tallies: dict[str, Tally],
    end: float,
    options: argparse.Namespace,
) -> Iterator[Finding]:
    for turn in itertools.count():
        for variant in chosen:
            if time.monotonic() > end:
                return
            tally = tallies[variant.kernel]
            known = len(tally.findings)
            fuzz(variant, options.seed, turn, options.core, tally)
            yield from tally.findings[known:]


def _report(findings: Iterator[Finding]) -> int:
    wrong = False
    for finding in findings:
        wrong = True
        _say(f"WRONG on {finding.engine}: {finding.case}\n    {finding.problem}")
    return int(wrong)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
