"""Gaussian error linear unit: the emitted C on int8 and on real numbers, the reader."""

from collections.abc import Mapping

import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tables import assert_same_as_tflite, quantized, random_formats
from tests.support.unary_cases import unary_cases

from cnnc.ops.gelu import Gelu

CASES = (
    *unary_cases(Gelu(), (-4.0, 4.0)),
    *unary_cases(Gelu(by_tanh=True), (-4.0, 4.0)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_numbers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("attributes", [{}, {"approximate": "tanh"}])
@pytest.mark.parametrize("opset", [20])
def test_reads_onnx(attributes: Mapping[str, str], opset: int) -> None:
    check_onnx("Gelu", attributes, [(1, 3, 4, 5)], opset)


@pytest.mark.parametrize("op", [Gelu(), Gelu(by_tanh=True)], ids=str)
def test_tables_are_tflites(op: Gelu) -> None:
    sources, targets = random_formats(100, 0.001, 1.0), random_formats(100, 0.001, 1.0, seed=1)
    pairs = [*zip(sources, targets, strict=True), *((same, same) for same in sources[:10])]
    assert_same_as_tflite([quantized(op, source, target) for source, target in pairs])
