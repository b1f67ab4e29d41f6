"""Rows of float32 along the last axis, and the kernels that treat each row on its own."""

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.ir.types import F32, elements


def maximum_in_order(x: F32) -> F32:
    """Return the largest element of each row, [...][1]; of 0 and -0 the first counts."""
    largest = x[..., :1]
    for index in range(1, x.shape[-1]):
        entry = x[..., index : index + 1]
        largest = np.where(entry > largest, entry, largest)
    return largest


def lower_rows(operator: str, site: LoweringSite) -> Lowering:
    """Return the call of an operator's float32 kernel on [rows][depth].

    Args:
        operator: Folder of the kernel and first part of its name.
        site: Where the op is.
    """
    depth = site.output[-1]
    call = KernelCall(
        kernel=f"{operator}_f32",
        folder=operator,
        parameters={"rows": elements(site.output) // depth, "depth": depth},
        arguments=(InputArgument(0), OutputArgument()),
    )
    return Lowering(calls=(call,), in_place=(0,))
