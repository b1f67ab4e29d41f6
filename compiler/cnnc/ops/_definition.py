"""What an operator's file announces, and how the files are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from cnnc.errors import InternalError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ops._real_op import RealOp

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

Reader = Callable[["NodeReader"], None]
TfliteReader = Callable[["TfliteNodeReader"], None]


@dataclass(frozen=True, kw_only=True)
class OperatorDefinition:
    """One operator of cnnc.

    Attributes:
        name: Snake case, the same as the file or folder.
        summary: One sentence for docs/operators.md.
        readers: ONNX operator type -> function that reads one node of it.
        float_ops: Float op classes that the readers emit.
        quant_ops: Integer op classes that these become.
        kernels: Kernel names (``conv2d_s8``) that ``lower`` may call.
        tflite: TFLite operators that the export uses.
        limits: What is refused, a sentence each.
        tflite_readers: TFLite operator -> function that reads one of an int8 .tflite file.
    """

    name: str
    summary: str
    readers: Mapping[str, Reader]
    float_ops: tuple[type[FloatOp], ...]
    quant_ops: tuple[type[QuantOp], ...]
    kernels: tuple[str, ...]
    tflite: tuple[str, ...]
    limits: tuple[str, ...] = ()
    tflite_readers: Mapping[str, TfliteReader] = field(default_factory=dict)


@cache
def operators() -> tuple[OperatorDefinition, ...]:
    """Return every operator in the package, by name."""
    package = importlib.import_module("cnnc.ops")
    found = []
    for entry in pkgutil.iter_modules(package.__path__):
        if entry.name.startswith("_"):
            continue
        module = importlib.import_module(f"cnnc.ops.{entry.name}")
        definition = getattr(module, "OPERATOR", None)
        if not isinstance(definition, OperatorDefinition) or definition.name != entry.name:
            raise InternalError(f"ops/{entry.name} must define OPERATOR named '{entry.name}'")
        found.append(definition)
    return tuple(sorted(found, key=lambda definition: definition.name))


@cache
def readers() -> dict[str, Reader]:
    """Return the reader of every supported ONNX operator type."""
    table: dict[str, Reader] = {}
    for definition in operators():
        for op_type, reader in definition.readers.items():
            if op_type in table:
                raise InternalError(f"two files in ops/ read ONNX operator {op_type}")
            table[op_type] = reader
    return table


@cache
def tflite_readers() -> dict[str, TfliteReader]:
    """Return the reader of every supported TFLite operator."""
    table: dict[str, TfliteReader] = {}
    for definition in operators():
        for code, reader in definition.tflite_readers.items():
            if code in table:
                raise InternalError(f"two files in ops/ read TFLite operator {code}")
            table[code] = reader
    return table


@cache
def quant_op_classes() -> dict[str, type[QuantOp]]:
    """Return every integer op class by class name, for reading quantized.json."""
    classes = {cls.__name__: cls for definition in operators() for cls in definition.quant_ops}
    return {**classes, RealOp.__name__: RealOp}


@cache
def float_op_classes() -> dict[str, type[FloatOp]]:
    """Return every float op class by class name, for reading layers that stay in float32."""
    return {cls.__name__: cls for definition in operators() for cls in definition.float_ops}
