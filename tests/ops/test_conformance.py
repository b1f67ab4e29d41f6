"""What every operator must bring: reference, kernels, TFLite form, documentation, cases."""

import inspect
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tflite
from tests.support.all_cases import all_cases
from tests.support.op_cases import float_model, quantized_case

from cnnc.codegen.choose import choose_kernels
from cnnc.codegen.kernel_source import closure, kernel_source
from cnnc.codegen.tflite import export_tflite
from cnnc.codegen.variants import KernelVariant, variants
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ops._definition import (
    OperatorDefinition,
    float_op_classes,
    operators,
    quant_op_classes,
    readers,
    tflite_readers,
)
from cnnc.ops._real_op import RealOp
from cnnc.quantize.keep_real import keep_real
from cnnc.simulator.tflite_single import one_node_model

TESTS = Path(__file__).parent
KERNELS = Path(__file__).parents[2] / "runtime" / "kernels"
FOLDED_AWAY = {"depth_to_space", "space_to_batch", "batch_normalization", "identity"}
"""Operators that passes or readers always replace by others, so that no integer op remains."""


@dataclass
class Usage:
    """What the cases of all test files made of one integer op class, or of a float op class."""

    kernels: set[str] = field(default_factory=set)
    aliases: int = 0
    tflite: set[str] = field(default_factory=set)


@cache
def _usage() -> dict[str, Usage]:
    usage: dict[str, Usage] = defaultdict(Usage)
    for case in all_cases():
        model = quantized_case(case, "double")
        for node, choice in zip(model.nodes, choose_kernels(model), strict=True):
            lowering = choice.lowering
            entry = usage[type(node.op).__name__]
            entry.kernels.update(call.kernel for call in lowering.calls)
            entry.aliases += lowering.is_alias
            entry.tflite |= _tflite_operators(one_node_model(model, node))
        if _runs_on_real_numbers(type(case.op)):
            lowering = choose_kernels(keep_real(float_model(case)))[0].lowering
            entry = usage[type(case.op).__name__]
            entry.kernels.update(lowering.kernels)
            entry.aliases += lowering.is_alias
    return dict(usage)


def _runs_on_real_numbers(op: type[FloatOp]) -> bool:
    return op.lower_real is not FloatOp.lower_real


def _tflite_operators(model: QuantModel) -> set[str]:
    file: Any = tflite.Model.GetRootAsModel(export_tflite(model).data, 0)
    graph = file.Subgraphs(0)
    codes = [file.OperatorCodes(i).BuiltinCode() for i in range(file.OperatorCodesLength())]
    indices = [graph.Operators(i).OpcodeIndex() for i in range(graph.OperatorsLength())]
    return {_TFLITE_NAMES[codes[index]] for index in indices}


_TFLITE_NAMES = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}


def _used(definition: OperatorDefinition) -> list[Usage]:
    classes = (*definition.quant_ops, *definition.float_ops)
    return [_usage()[op.__name__] for op in classes if op.__name__ in _usage()]


@pytest.fixture(params=operators(), ids=lambda definition: definition.name)
def definition(request: pytest.FixtureRequest) -> OperatorDefinition:
    found: OperatorDefinition = request.param
    return found


def test_there_are_operators() -> None:
    assert len(operators()) >= 19
    assert len(readers()) >= 20
    assert len(tflite_readers()) >= 20


def test_summary_is_one_sentence(definition: OperatorDefinition) -> None:
    for sentence in (definition.summary, *definition.limits):
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence


def test_operator_is_used(definition: OperatorDefinition) -> None:
    assert definition.readers or definition.quant_ops or definition.tflite_readers


def test_ops_can_be_built_and_are_documented(definition: OperatorDefinition) -> None:
    classes: list[type[FloatOp] | type[QuantOp]] = [*definition.float_ops, *definition.quant_ops]
    for op in classes:
        assert not inspect.isabstract(op), f"{op.__name__} lacks a method, e.g. its reference"
        # A file that other operators share has an underscore in front.
        module = op.__module__.replace("cnnc.ops._", "cnnc.ops.")
        assert module.startswith(f"cnnc.ops.{definition.name}"), op
        assert op.__doc__, f"{op.__name__} has no docstring"


def test_float_op_becomes_an_integer_op_or_stays_one(definition: OperatorDefinition) -> None:
    computed = definition.quant_ops or any(map(_runs_on_real_numbers, definition.float_ops))
    assert bool(computed) == (definition.name not in FOLDED_AWAY)


def test_every_float_op_that_can_remain_runs_on_real_numbers(
    definition: OperatorDefinition,
) -> None:
    if definition.name in FOLDED_AWAY:
        return
    lacking = [op.__name__ for op in definition.float_ops if not _runs_on_real_numbers(op)]
    assert not lacking, f"{lacking} cannot be compiled with --dtype float32"


def test_kernels_exist_once_and_follow_the_rules(definition: OperatorDefinition) -> None:
    for kernel in definition.kernels:
        headers = list(KERNELS.glob(f"*/cnnc_{kernel}.h"))
        assert len(headers) == 1, f"{kernel}: {headers}"
        source = kernel_source(kernel, headers[0].parent.name)
        assert source.struct == f"cnnc_{kernel}_parameters" or source.struct.endswith("parameters")
        first, second = headers[0].read_text(encoding="utf-8").splitlines()[:2]
        assert first == "/* SPDX-License-Identifier: MIT-0 */"
        assert second.startswith("/* "), "the header starts with what the kernel computes"


def test_tflite_operators_exist(definition: OperatorDefinition) -> None:
    for name in (*definition.tflite, *definition.tflite_readers):
        assert name in _TFLITE_NAMES.values(), name


def test_has_its_own_tests(definition: OperatorDefinition) -> None:
    assert (TESTS / f"test_{definition.name}.py").is_file()


def test_every_integer_op_has_cases(definition: OperatorDefinition) -> None:
    for op in definition.quant_ops:
        assert op.__name__ in _usage(), f"no case in tests/ops quantizes to {op.__name__}"


def test_cases_reach_every_kernel_and_no_other(definition: OperatorDefinition) -> None:
    reached = set[str]().union(*(usage.kernels for usage in _used(definition)))
    assert reached == set(definition.kernels)
    if definition.quant_ops and not definition.kernels:
        assert all(usage.aliases for usage in _used(definition)), "neither a kernel nor an alias"


def test_cases_reach_every_tflite_operator_and_no_other(definition: OperatorDefinition) -> None:
    reached = set[str]().union(*(usage.tflite for usage in _used(definition)))
    assert reached == set(definition.tflite)


def test_no_kernel_is_left_over() -> None:
    plain = {kernel for entry in operators() for kernel in entry.kernels}
    kernels = plain | {variant.kernel for variant in variants()}
    used = closure([f"cnnc_{kernel}.h" for kernel in kernels])
    found = {path.name for path in KERNELS.glob("*/*.h")}
    assert found == {name for name in used if not (KERNELS.parent / name).is_file()}
    stems = {path.stem for path in KERNELS.glob("*/*.S")}
    assert stems <= {Path(name).stem for name in used}


@pytest.mark.parametrize("variant", variants(), ids=lambda variant: variant.kernel)
def test_variant_has_a_kernel_and_tests(variant: KernelVariant[Any]) -> None:
    headers = list(KERNELS.glob(f"*/cnnc_{variant.kernel}.h"))
    assert len(headers) == 1, f"{variant.kernel}: {headers}"
    kernel_source(variant.kernel, headers[0].parent.name)
    assert variant.kernel.endswith(f"_s8_{variant.instruction_set}")
    assert any(issubclass(op, variant.op) for op in quant_op_classes().values())
    assert variant.summary.endswith("."), variant.summary
    tests = TESTS.parent / "kernels" / f"test_{variant.kernel}.py"
    assert tests.is_file(), f"{tests.name} is missing"


def test_integer_op_classes_belong_to_one_operator() -> None:
    names = [op.__name__ for entry in operators() for op in entry.quant_ops]
    assert sorted([*names, RealOp.__name__]) == sorted(quant_op_classes())


def test_float_op_classes_belong_to_one_operator() -> None:
    names = [op.__name__ for entry in operators() for op in entry.float_ops]
    assert sorted(names) == sorted(float_op_classes())
