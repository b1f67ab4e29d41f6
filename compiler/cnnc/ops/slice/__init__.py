"""Slice: every step-th element along each axis (ONNX Slice and Split).

A Split is a Slice for each of its results that somebody reads.
"""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._move import MAXIMUM_AXES, MOVE_KERNEL
from cnnc.ops.slice.float_op import Slice
from cnnc.ops.slice.quant_op import QuantSlice
from cnnc.ops.slice.reader import read_slice, read_split
from cnnc.ops.slice.tflite_reader import (
    read_tflite_slice,
    read_tflite_split,
    read_tflite_split_v,
    read_tflite_strided_slice,
    read_tflite_unpack,
)

__all__ = ["OPERATOR", "QuantSlice", "Slice"]

OPERATOR = OperatorDefinition(
    name="slice",
    summary="Every step-th element along each axis; Split is a slice for each of its results.",
    readers={"Slice": read_slice, "Split": read_split},
    float_ops=(Slice,),
    quant_ops=(QuantSlice,),
    kernels=(MOVE_KERNEL,),
    tflite=("SLICE", "STRIDED_SLICE", "RESHAPE"),
    limits=(
        "Starts, ends, axes, steps and sizes must be constants.",
        "A result without elements is refused.",
        f"At most {MAXIMUM_AXES} axes after those that are taken whole are merged.",
    ),
    tflite_readers={
        "SLICE": read_tflite_slice,
        "STRIDED_SLICE": read_tflite_strided_slice,
        "SPLIT": read_tflite_split,
        "SPLIT_V": read_tflite_split_v,
        "UNPACK": read_tflite_unpack,
    },
)
