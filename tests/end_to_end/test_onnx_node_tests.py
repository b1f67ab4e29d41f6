"""ONNX's own node tests: the checks themselves, and that the page of operators tells the truth."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from bench import node_results
from bench.node_cases import NodeCase, NotApplicableError, all_tests, judged_case, judged_cases
from bench.node_results import judge_cases, judge_named
from bench.onnx_node_tests import RESULTS, summary

STORED: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
SAME_PACKAGE = STORED["onnx"] == onnx.__version__
"""Another version of the package has other tests."""


def _case(name: str) -> NodeCase:
    return next(case for case in judged_cases(name) if case.name == name)


def _failing() -> dict[str, str]:
    return {name: reason for reason, names in STORED["exceptions"].items() for name in names}


def test_a_representative_part_gives_what_the_page_says() -> None:
    names = [case.name for case in judged_cases()]
    if not SAME_PACKAGE:
        names = [name for name in names if name in _failing() or name in STORED["bound"]]
    # As many as one program holds.
    chosen = names[:: max(1, -(-len(names) // 48))]
    assert len(chosen) > 5
    found = {result.name: result.problem for result in judge_named(chosen)}
    assert found == {name: _failing().get(name, "") for name in chosen}


@pytest.mark.long
def test_the_page_tells_the_truth() -> None:
    results = list(judge_named([case.name for case in judged_cases()]))
    if SAME_PACKAGE:
        assert summary(results) == STORED
    known = {result.name: result for result in results}
    for name in STORED["bound"]:
        assert name not in known or known[name].passed != (name in _failing())


def test_most_tests_pass() -> None:
    assert STORED["passed"] >= 0.9 * STORED["applicable"]
    assert STORED["applicable"] > 600
    total = sum(entry["applicable"] for entry in STORED["operators"].values())
    assert total == STORED["applicable"]
    assert len(_failing()) == STORED["applicable"] - STORED["passed"]


def _nothing(case: NodeCase) -> tuple[()]:
    del case
    return ()


def test_wrong_numbers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case("maxpool_2d_default")
    assert judge_cases([case])[0].problem == ""
    wrong = case.outputs[0].copy()
    wrong[0, 1, 2, 3] += 0.01
    problem = judge_cases([replace(case, outputs=(wrong,))])[0].problem
    assert problem == "ONNX Runtime gives our numbers, which are not the test's"
    monkeypatch.setattr(node_results, "_onnx_runtime_outputs", _nothing)
    assert judge_cases([replace(case, outputs=(wrong,))])[0].problem == "other numbers"
    narrow = case.outputs[0][..., 1:]
    problem = judge_cases([replace(case, outputs=(narrow,))])[0].problem
    assert problem == "an output of shape [1, 3, 31, 31] instead of [1, 3, 31, 30]"
    assert judge_cases([replace(case, outputs=())])[0].problem == "1 outputs instead of 0"


def test_what_cannot_be_compiled_says_why() -> None:
    result = judge_cases([_case("batchnorm_example_training_mode")])[0]
    assert "training_mode is 1" in result.problem


def test_shapes_become_constants() -> None:
    result = judge_cases([_case("reshape_reordered_all_dims")])[0]
    assert (result.passed, result.bound) == (True, ("shape",))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test_max_float16", "type float16"),
        ("test_identity_sequence", "sequence instead of a tensor"),
        ("test_cast_FLOAT_to_DOUBLE", "type double"),
    ],
)
def test_other_types_are_not_counted(name: str, reason: str) -> None:
    (test,) = [test for test in all_tests() if test.name == name]
    with pytest.raises(NotApplicableError, match=reason):
        judged_case(test)


def test_other_operators_are_not_counted() -> None:
    (test,) = [test for test in all_tests() if test.name == "test_det_2d"]
    assert judged_case(test) is None


def test_inputs_are_the_tests_own() -> None:
    case = _case("gather_1")
    assert case.operator == "Gather"
    np.testing.assert_array_equal(
        case.outputs[0],
        np.take(
            case.inputs["data"].astype(np.float64), case.inputs["indices"].astype(np.int64), axis=1
        ),
    )


def test_results_are_where_the_page_looks_for_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")
    assert f"**{STORED['passed']} of {STORED['applicable']} pass.**" in page
