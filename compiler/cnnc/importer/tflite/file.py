"""Take a .tflite file apart into the records that ``codegen/tflite_file.py`` writes.

Nothing is interpreted here: options keep the names and values of the schema, so that the records
of a file, written again, are the same graph.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tflite

from cnnc.codegen.tflite_file import (
    FILE_IDENTIFIER,
    SCHEMA_VERSION,
    OperatorRecord,
    TensorRecord,
)
from cnnc.errors import ModelError
from cnnc.importer.tflite.records import read_indices, read_operator, read_tensor

logger = logging.getLogger(__name__)

_SCHEMA: Any = tflite
"""The binding carries no types."""

_IDENTIFIER_END = 8
"""A flatbuffer has its identifier in bytes 4..7."""
_LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True, eq=False)
class TfliteFile:
    """The one graph of a .tflite file.

    Attributes:
        description: What the exporter wrote about itself.
        tensors: Their position is the tensor index; names are unique and not empty.
        operators: In execution order; a custom operator's code is ``CUSTOM name``.
        inputs: Tensor indices of the graph's inputs.
        outputs: Tensor indices of the graph's outputs.
    """

    description: str
    tensors: tuple[TensorRecord, ...]
    operators: tuple[OperatorRecord, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def is_tflite(path: Path) -> bool:
    """Return whether a model is to be read as .tflite: by its first bytes, else by its suffix."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_IDENTIFIER_END)
    except OSError:
        head = b""
    return head[4:] == FILE_IDENTIFIER or path.suffix.lower() == ".tflite"


def load_tflite(path: Path) -> TfliteFile:
    """Read a file.

    Raises:
        ModelError: Missing, damaged or foreign file, several graphs, or features beyond one plain
            graph (sparse or variable tensors).
        DynamicShapeError: An axis other than the batch is dynamic.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ModelError(f"model file '{path}' {what}", "check the path", str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"model file '{path}' cannot be read: {error.strerror}", "check the file", str(path)
        ) from error
    return parse_tflite(data, str(path))


def parse_tflite(data: bytes, where: str) -> TfliteFile:
    """Take the bytes of a file apart; ``where`` names it in messages. Raises as ``load_tflite``."""
    if data[4:_IDENTIFIER_END] != FILE_IDENTIFIER:
        raise _foreign(data, where)
    try:
        found = _parse(_SCHEMA.Model.GetRootAs(data, 0), where)
    except ModelError:
        raise
    except Exception as error:
        # The binding trusts every offset; what it trips over depends on where the file is damaged.
        raise _damaged(where, "its tables do not fit together") from error
    logger.info("read %s: %d operators, %s", where, len(found.operators), found.description)
    return found


def _foreign(data: bytes, where: str) -> ModelError:
    if not data:
        return ModelError(f"'{where}' is empty", "export the model again", where)
    if data.startswith(_LFS_POINTER):
        return ModelError(
            f"'{where}' is not the model but a Git LFS pointer to it", "git lfs pull", where
        )
    return ModelError(
        f"'{where}' is not a .tflite file (bytes 4 to 7 are not 'TFL3')",
        "give a model that was converted to an int8 .tflite, or an .onnx file",
        where,
    )


def _damaged(where: str, reason: str) -> ModelError:
    return ModelError(
        f"'{where}' starts like a .tflite file but is cut short or damaged: {reason}",
        "copy or download the file again, or convert the model again",
        where,
    )


def _parse(model: Any, where: str) -> TfliteFile:  # noqa: ANN401 (a table of the binding)
    if model.Version() != SCHEMA_VERSION:
        raise ModelError(
            f"'{where}' has schema version {model.Version()}; {SCHEMA_VERSION} is supported",
            "convert the model with a current TensorFlow",
            where,
        )
    graphs = model.SubgraphsLength()
    if graphs != 1:
        raise ModelError(
            f"'{where}' holds {graphs} subgraphs; one is supported",
            "convert the model without control flow (If, While) and with a single signature",
            where,
        )
    graph = model.Subgraphs(0)
    tensors = [read_tensor(model, graph.Tensors(i), where) for i in range(graph.TensorsLength())]
    operators = [read_operator(model, graph.Operators(i)) for i in range(graph.OperatorsLength())]
    found = TfliteFile(
        description=(model.Description() or b"").decode(errors="replace").strip() or "not stated",
        tensors=_with_unique_names(tensors),
        operators=tuple(operators),
        inputs=read_indices(graph, "Inputs"),
        outputs=read_indices(graph, "Outputs"),
    )
    _check_graph(found, where)
    return found


def _check_graph(file: TfliteFile, where: str) -> None:
    entries = {"operators": file.operators, "inputs": file.inputs, "outputs": file.outputs}
    missing = [what for what, items in entries.items() if not items]
    if missing:
        raise ModelError(
            f"the graph of '{where}' is empty: it has no {' and no '.join(missing)}",
            "convert the model again",
            where,
        )
    read = [index for operator in file.operators for index in operator.inputs if index != -1]
    written = [index for operator in file.operators for index in operator.outputs]
    for index in (*file.inputs, *file.outputs, *read, *written):
        if not 0 <= index < len(file.tensors):
            raise _damaged(where, f"there is no tensor {index}")


def _with_unique_names(tensors: list[TensorRecord]) -> tuple[TensorRecord, ...]:
    """Give tensors without a name, or with that of an earlier one, a name from their index."""
    taken: set[str] = set()
    named: list[TensorRecord] = []
    for index, record in enumerate(tensors):
        name = record.name if record.name and record.name not in taken else f"tensor_{index}"
        while name in taken:
            name += "_"
        taken.add(name)
        named.append(replace(record, name=name))
    return tuple(named)
