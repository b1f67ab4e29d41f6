"""Run ONNX's own node tests through ``cnnc compile --dtype float32``; print what passes.

Run from the checkout: ``python -m bench.onnx_node_tests [PATTERN] [--update]``.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import onnx
from rich.console import Console
from rich.progress import track

from bench.node_cases import NotApplicableError, all_tests, judged_case, judged_cases
from bench.node_results import NodeResult, judge_named

RESULTS = Path(__file__).parent / "onnx_node_tests.json"
"""What docs/operators.md says of the tests."""

_NAMED = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests that were asked for; 1 if any does not pass."""
    parser = argparse.ArgumentParser(prog="bench.onnx_node_tests", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="", help="part of the names of tests")
    parser.add_argument("--update", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--bound", action="store_true", help="list the inputs made constant")
    options = parser.parse_args(arguments)
    if options.update and options.pattern:
        parser.error("--update needs all tests: leave the pattern out")
    names = [case.name for case in judged_cases(options.pattern)]
    progress = Console(stderr=True)
    results = list(
        track(judge_named(names), "judging", total=len(names), console=progress, transient=True)
    )
    console = Console(soft_wrap=True, highlight=False, markup=False)
    _print(console, results, with_bound=options.bound)
    if options.update:
        RESULTS.write_text(json.dumps(summary(results), indent=1) + "\n", encoding="utf-8")
    return 0 if all(result.passed for result in results) else 1


def summary(results: Sequence[NodeResult]) -> dict[str, object]:
    """Return what is stored: counts by operator, and every test that does not pass."""
    operators: dict[str, dict[str, int]] = {}
    for result in sorted(results, key=lambda result: result.operator):
        entry = operators.setdefault(result.operator, {"passed": 0, "applicable": 0})
        entry["applicable"] += 1
        entry["passed"] += result.passed
    return {
        "onnx": onnx.__version__,
        "passed": sum(result.passed for result in results),
        "applicable": len(results),
        "operators": operators,
        "exceptions": {
            reason: sorted(result.name for result in found)
            for reason, found in sorted(_by_reason(results).items())
        },
        "bound": sorted(result.name for result in results if result.bound),
        "not_applicable": dict(sorted(_not_applicable().items())),
    }


def _by_reason(results: Sequence[NodeResult]) -> dict[str, list[NodeResult]]:
    groups: defaultdict[str, list[NodeResult]] = defaultdict(list)
    for result in results:
        if not result.passed:
            groups[result.problem].append(result)
    return dict(groups)


def _not_applicable() -> Counter[str]:
    """Count the tests of our operators on what is no static tensor of numbers, by reason."""
    reasons: Counter[str] = Counter()
    for test in all_tests():
        try:
            judged_case(test)
        except NotApplicableError as error:
            reasons[str(error)] += 1
    return reasons


def _print(console: Console, results: Sequence[NodeResult], *, with_bound: bool) -> None:
    if with_bound:
        for result in results:
            if result.bound:
                console.print(f"{result.name}: constant: {', '.join(result.bound)}")
    groups = sorted(_by_reason(results).items(), key=lambda item: -len(item[1]))
    for reason, found in groups:
        names = [result.name for result in found]
        rest = f", {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        console.print(f"{len(names):4}  {reason}\n      {', '.join(names[:_NAMED])}{rest}")
    passed = sum(result.passed for result in results)
    bound = sum(bool(result.bound) for result in results)
    console.print(
        f"\n{passed} of {len(results)} node tests of onnx {onnx.__version__} pass; in {bound} of "
        "them inputs that the compiler has to know (shapes, weights) are constants of the model"
    )


if __name__ == "__main__":
    sys.exit(main())
