"""Kernels for an instruction set: who offers them, and how they are found.

A variant is one file, ``cnnc/ops/<operator>/variants/<kernel>.py``, that defines ``VARIANT``. The
folders are the registry. Every variant gives the bytes of plain C wherever it does not refuse.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Generic, TypeVar

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.errors import InternalError
from cnnc.ir.op import QuantOp

OpT = TypeVar("OpT", bound=QuantOp)


@dataclass(frozen=True)
class Refusal:
    """Why a layer cannot be computed by a variant.

    Attributes:
        reason: A clause that the user reads, e.g. ``the stride is 2``.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class KernelVariant(Generic[OpT]):
    """A way to compute an operator with an instruction set.

    Attributes:
        kernel: Name by the grammar of runtime/NAMING.md, the same as the file's.
        op: Integer operators that it computes.
        instruction_set: Name in ``instruction_sets`` of boards/cores.toml.
        summary: One sentence for docs/operators.md.
        lower: Proves the preconditions on this layer's constants and shapes, and returns the
            calls, or why there are none.
    """

    kernel: str
    op: type[OpT]
    instruction_set: str
    summary: str
    lower: Callable[[OpT, LoweringSite], Lowering | Refusal]


def for_instruction_set(variant: KernelVariant[OpT], instruction_set: str) -> KernelVariant[OpT]:
    """Return a variant whose kernel another instruction set has under its own name.

    Args:
        variant: It calls its own kernel, which ends with its instruction set.
        instruction_set: The other one; the kernel takes the same parameters and arguments.
    """
    kernel = variant.kernel.removesuffix(variant.instruction_set) + instruction_set

    def lower(op: OpT, site: LoweringSite) -> Lowering | Refusal:
        answer = variant.lower(op, site)
        if isinstance(answer, Refusal):
            return answer
        calls = tuple(replace(call, kernel=kernel) for call in answer.calls)
        return replace(answer, calls=calls)

    return replace(variant, kernel=kernel, instruction_set=instruction_set, lower=lower)


def variants_for(op: QuantOp, instruction_sets: frozenset[str]) -> tuple[KernelVariant[Any], ...]:
    """Return the variants that could compute an operator on a core, by kernel name."""
    return tuple(
        variant
        for variant in variants()
        if isinstance(op, variant.op) and variant.instruction_set in instruction_sets
    )


@cache
def variants() -> tuple[KernelVariant[Any], ...]:
    """Return every variant in the package, by kernel name.

    Raises:
        InternalError: A file does not define the variant that it is named after.
    """
    found = []
    for module_name in _variant_modules():
        variant = getattr(importlib.import_module(module_name), "VARIANT", None)
        name = module_name.rpartition(".")[2]
        if not isinstance(variant, KernelVariant) or variant.kernel != name:
            raise InternalError(f"{module_name} must define VARIANT of kernel '{name}'")
        found.append(variant)
    return tuple(sorted(found, key=lambda variant: variant.kernel))


def _variant_modules() -> Iterator[str]:
    operators = importlib.import_module("cnnc.ops")
    for entry in pkgutil.iter_modules(operators.__path__):
        if not entry.ispkg:
            continue
        package = importlib.import_module(f"cnnc.ops.{entry.name}")
        for part in pkgutil.iter_modules(package.__path__):
            if part.name != "variants":
                continue
            folder = importlib.import_module(f"cnnc.ops.{entry.name}.variants")
            for module in pkgutil.iter_modules(folder.__path__):
                yield f"cnnc.ops.{entry.name}.variants.{module.name}"
