"""Compute what depends on static shapes alone: the operators vanish, their results are constants.

Converters write the target of a Reshape as SHAPE > STRIDED_SLICE > PACK for a dynamic batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord
from cnnc.importer.tflite.file import TfliteFile
from cnnc.ir.types import Tensor

_INTEGERS = ("int32", "int64")

Options = Mapping[str, object]
Evaluate = Callable[[Sequence[Tensor], Options], Tensor]


def fold_shapes(file: TfliteFile) -> TfliteFile:
    """Return the file without the operators that compute integers from shapes and constants.

    What cannot be computed here stays for its reader to judge.
    """
    tensors = list(file.tensors)
    kept: list[OperatorRecord] = []
    for operator in file.operators:
        found = _result(operator, tensors)
        if found is None or operator.outputs[0] in file.outputs:
            kept.append(operator)
        else:
            index = operator.outputs[0]
            tensors[index] = replace(tensors[index], data=found)
    if len(kept) == len(file.operators):
        return file
    return replace(file, tensors=tuple(tensors), operators=tuple(kept))


def _result(operator: OperatorRecord, tensors: Sequence[TensorRecord]) -> Tensor | None:
    """Return the one result of an operator; None where it is not known."""
    if len(operator.outputs) != 1 or -1 in operator.inputs:
        return None
    target = tensors[operator.outputs[0]]
    operands = [tensors[index] for index in operator.inputs]
    if target.element_type not in _INTEGERS or not operands:
        return None
    if operator.code == "SHAPE":
        return np.array(operands[0].shape, target.element_type)
    arrays = [record.data for record in operands if record.data is not None]
    evaluate = _EVALUATED.get(operator.code)
    if evaluate is None or len(arrays) != len(operands):
        return None
    options = {} if operator.options is None else operator.options.fields
    try:
        found = evaluate(arrays, options)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
    return found.astype(target.element_type) if found.shape == target.shape else None


def _number(options: Options, name: str) -> int:
    value = options.get(name, 0)
    return int(value) if isinstance(value, int) else 0


def _strided_slice(arrays: Sequence[Tensor], options: Options) -> Tensor:
    source, begin, end, strides = arrays
    masks = [_number(options, name) for name in ("BeginMask", "EndMask", "ShrinkAxisMask")]
    if _number(options, "EllipsisMask") or _number(options, "NewAxisMask"):
        raise ValueError("masks that add axes")
    index: list[slice | int] = []
    for axis in range(len(begin)):
        no_begin, no_end, shrinks = (mask >> axis & 1 for mask in masks)
        if shrinks:
            index.append(int(begin[axis]))
            continue
        first = None if no_begin else int(begin[axis])
        last = None if no_end else int(end[axis])
        index.append(slice(first, last, int(strides[axis])))
    return np.asarray(source[tuple(index)])


def _reduce_product(arrays: Sequence[Tensor], options: Options) -> Tensor:
    axes = tuple(int(axis) for axis in arrays[1].reshape(-1))
    return np.asarray(np.prod(arrays[0], axis=axes, keepdims=bool(_number(options, "KeepDims"))))


_EVALUATED: Mapping[str, Evaluate] = {
    "STRIDED_SLICE": _strided_slice,
    "PACK": lambda arrays, options: np.stack(arrays, _number(options, "Axis")),
    "CONCATENATION": lambda arrays, options: np.concatenate(arrays, _number(options, "Axis")),
    "GATHER": lambda arrays, options: np.take(arrays[0], arrays[1], _number(options, "Axis")),
    "CAST": lambda arrays, _: arrays[0],
    "ADD": lambda arrays, _: np.add(arrays[0], arrays[1]),
    "SUB": lambda arrays, _: np.subtract(arrays[0], arrays[1]),
    "MUL": lambda arrays, _: np.multiply(arrays[0], arrays[1]),
    "REDUCE_PROD": _reduce_product,
}
