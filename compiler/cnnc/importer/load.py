"""Read an ONNX file: every way in which it can be broken has a message of its own."""

import logging
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import defs, inliner
from onnx.external_data_helper import load_external_data_for_model

from cnnc.errors import ModelError
from cnnc.importer.source import external_files

logger = logging.getLogger(__name__)

OLDEST_OPSET = 7


def load_onnx(path: Path) -> onnx.ModelProto:
    """Return the model with its external data, local functions inlined.

    Raises:
        ModelError: Missing, damaged or foreign file, missing external data, opset out of range.
    """
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise ModelError(f"model file '{path}' is {what}", "check the path", str(path))
    model = _parse(path)
    _check_opset(path, model)
    _load_external_data(path, model)
    if model.functions:
        model = inliner.inline_local_functions(model)
    logger.info("read %s: %d nodes, opset %d", path, len(model.graph.node), default_opset(model))
    return model


def default_opset(model: onnx.ModelProto) -> int:
    """Return the version of the standard operators that the model uses; 1 where it says none."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return max(versions, default=1)


def _parse(path: Path) -> onnx.ModelProto:
    broken = ModelError(
        f"'{path}' is not a readable ONNX model: it is damaged, cut short or of another format",
        "export the model to .onnx again, or copy the file again",
        str(path),
    )
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except (DecodeError, ValueError, OSError, RuntimeError) as error:
        raise broken from error
    # Protobuf accepts many byte strings; a model without graph or version is none.
    if not model.graph.node or not model.opset_import or not model.graph.output:
        raise broken
    return model


def _check_opset(path: Path, model: onnx.ModelProto) -> None:
    opset = default_opset(model)
    newest = defs.onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        raise ModelError(
            f"'{path}' uses ONNX opset {opset}; supported are {OLDEST_OPSET} to {newest}",
            "export with another opset_version"
            + ("" if opset < OLDEST_OPSET else ", or install a newer onnx package"),
            str(path),
        )


def _load_external_data(path: Path, model: onnx.ModelProto) -> None:
    missing = [file.name for file in external_files(path) if not file.is_file()]
    if missing:
        raise ModelError(
            f"'{path}' keeps weights in '{missing[0]}', which is not there",
            f"put '{missing[0]}' into the folder '{path.parent}'",
            str(path),
        )
    try:
        load_external_data_for_model(model, str(path.parent))
    except (onnx.checker.ValidationError, ValueError, OSError) as error:
        raise ModelError(
            f"the external data of '{path}' cannot be read: {error}",
            "copy the data file again; it must lie beside the model",
            str(path),
        ) from error
