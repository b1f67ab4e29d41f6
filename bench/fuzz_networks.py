"""Take random ONNX networks through every engine.

Run from the checkout: ``python -m bench.fuzz_networks [--count 200] [--seed 1] [--quantized]``.
"""

import argparse
import re
import sys
import warnings
from collections import Counter
from collections.abc import Sequence

from bench.network_check import Outcome, check_network, check_programs
from bench.network_draw import Drawn, NothingFitsError, draw_network
from bench.network_quantized import draw_way, quantized
from bench.network_recipes import QUANTIZABLE, RECIPES

_BATCH = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_networks", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="networks")
    parser.add_argument("--seed", type=int, default=1, help="of the first network")
    parser.add_argument("--no-c", action="store_true", help="leave the emitted C out")
    parser.add_argument("--quantized", action="store_true", help="quantize by ONNX Runtime first")
    options = parser.parse_args(arguments)
    outcomes: list[Outcome] = []
    batch: list[Outcome] = []
    not_drawn: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.count):
        try:
            drawn = _drawn(seed, quantize=options.quantized)
        except NothingFitsError as error:
            not_drawn[str(error)] += 1
            continue
        outcome = check_network(drawn, seed)
        outcomes.append(outcome)
        batch.append(outcome)
        if len(batch) == _BATCH and not options.no_c:
            check_programs(batch)
            report(batch)
            batch = []
    if not options.no_c:
        check_programs(batch)
    report(batch)
    print(not_drawn.most_common(20))
    summarize(outcomes)
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def _drawn(seed: int, *, quantize: bool) -> Drawn:
    if not quantize:
        return draw_network(seed, RECIPES)
    drawn = draw_network(seed, QUANTIZABLE, opset=13 + seed % 9)
    return quantized(drawn, draw_way(seed), seed)


def report(outcomes):
    for outcome in outcomes:
        for finding in outcome.findings:
            print(f"{finding.network} {finding.stage}: {finding.problem}", flush=True)
        outcome.jobs.clear()


def summarize(outcomes):
    operators = Counter(op for o in outcomes for op in o.drawn.operators)
    refused = Counter()
    passed = Counter(s for o in outcomes for s in o.passed)
    for o in outcomes:
        for stage, sentence in o.refused.items():
            sentence = re.sub(r"'[^']*'", "'...'", sentence)
            refused[f"{stage}: {re.sub(r'-?[0-9][0-9.e+-]*', 'N', sentence)[:300]}"] += 1
    print(len(outcomes), "networks;", dict(passed))
    print(", ".join(f"{op} {n}" for op, n in sorted(operators.items())))
    for k, n in refused.most_common():
        print(f"{n:5} {k}")
    steps = Counter(round(s) for o in outcomes for s in o.steps)
    print("steps", sorted(steps.items()))
    print(sum(bool(o.findings) for o in outcomes), "with findings")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
