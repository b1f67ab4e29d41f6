"""Take random ONNX networks through import, simplification, quantization and every engine.

Run from the checkout: ``python -m bench.fuzz_networks [--count 200] [--seed 1] [--quantized]``.
A finding names its network: ``--seed N --count 1`` repeats number N alone. With ``--quantized``
ONNX Runtime's quantizer quantizes each network first, in one of its ways.
"""

import argparse
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from bench.network_check import Outcome, check_network, check_programs
from bench.network_draw import Drawn, NothingFitsError, draw_network
from bench.network_quantized import draw_way, quantized
from bench.network_recipes import QUANTIZABLE, RECIPES

_BATCH = 60
_OLDEST_QUANTIZED = 13
_QUANTIZED_OPSETS = 9
"""ONNX Runtime's quantizer takes scales per channel from opset 13 on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_networks", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="networks")
    parser.add_argument("--seed", type=int, default=1, help="of the first network")
    parser.add_argument("--no-c", action="store_true", help="leave the emitted C out")
    parser.add_argument("--quantized", action="store_true", help="quantize by ONNX Runtime first")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    outcomes: list[Outcome] = []
    seeds = range(options.seed, options.seed + options.count)
    for begin in range(0, len(seeds), _BATCH):
        batch = list(fuzzed(seeds[begin : begin + _BATCH], quantize=options.quantized))
        if not options.no_c:
            check_programs(batch)
        for outcome in batch:
            _report(outcome, sys.stdout)
            # The constants of all networks together would fill the memory.
            outcome.jobs.clear()
        outcomes += batch
    sys.stdout.write(summary(outcomes))
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def fuzzed(seeds: Sequence[int], *, quantize: bool) -> Iterator[Outcome]:
    """Yield what became of each network that can be drawn, but for the emitted C.

    Args:
        seeds: One for each network.
        quantize: By ONNX Runtime, before anything else.
    """
    for seed in seeds:
        try:
            drawn = drawn_network(seed, quantize=quantize)
        except NothingFitsError:
            continue
        yield check_network(drawn, seed)


def drawn_network(seed: int, *, quantize: bool) -> Drawn:
    """Return the network of a seed.

    Raises:
        NothingFitsError: ONNX Runtime, or its quantizer, cannot take it.
    """
    if not quantize:
        return draw_network(seed, RECIPES)
    opset = _OLDEST_QUANTIZED + seed % _QUANTIZED_OPSETS
    return quantized(draw_network(seed, QUANTIZABLE, opset), draw_way(seed), seed)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return what was checked, what was refused and why, and what is wrong, a line each."""
    operators = Counter(name for outcome in outcomes for name in outcome.drawn.operators)
    passed = Counter(stage for outcome in outcomes for stage in outcome.passed)
    steps = Counter(round(steps) for outcome in outcomes for steps in outcome.steps)
    refused = Counter(
        f"{stage}: {_general(sentence)}"
        for outcome in outcomes
        for stage, sentence in outcome.refused.items()
    )
    lines = [
        f"{len(outcomes)} networks: {_listed(passed)}",
        f"{len(operators)} operators: {_listed(operators)}",
        *(f"{number:5} refused, {reason}" for reason, number in refused.most_common()),
        *([f"outputs by steps from ONNX Runtime: {_listed(steps)}"] if steps else []),
        f"{sum(bool(outcome.findings) for outcome in outcomes)} networks with findings",
    ]
    return "\n".join(lines) + "\n"


def _report(outcome: Outcome, stream: TextIO) -> None:
    for finding in outcome.findings:
        stream.write(f"{finding.network} {finding.stage}: {finding.problem}\n")
    stream.flush()


def _general(sentence: str) -> str:
    """Return a refusal without names and numbers, so that equal reasons are counted together."""
    first = sentence.splitlines()[0]
    return re.sub(r"\d[\d., x]*", "N ", re.sub(r"'[^']*'", "'...'", first))


def _listed(counts: "Counter[str] | Counter[int]") -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
