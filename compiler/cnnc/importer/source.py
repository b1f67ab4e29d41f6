"""The model file as the user gave it: its digest, and a copy that needs no other file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx.external_data_helper import ExternalDataInfo

from cnnc.importer.load import external_tensors, load_external
from cnnc.importer.tflite.file import is_tflite

COPY_LIMIT_BYTES = 32 * 2**20
"""Largest model that is copied into the emitted folder, its external data included."""


@dataclass(frozen=True)
class Source:
    """A model file that was read without error.

    Attributes:
        copy_name: Name of the copy in the emitted folder's ``model``.
        sha256: Hex digest over the file and then its external data files, in order of first use.
        copy: The model as one file (external data embedded); None above the limit.
    """

    copy_name: str
    sha256: str
    copy: bytes | None


ONNX_COPY = "source.onnx"
TFLITE_COPY = "source.tflite"


def read_source(path: Path) -> Source:
    """Digest an ONNX file and its external data, or a .tflite file.

    Args:
        path: A model that the importer has accepted.

    Returns:
        Digest and, up to ``COPY_LIMIT_BYTES``, a self-contained copy.
    """
    tflite = is_tflite(path)
    name = TFLITE_COPY if tflite else ONNX_COPY
    files = [path] if tflite else [path, *external_files(path)]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    if sum(file.stat().st_size for file in files) > COPY_LIMIT_BYTES:
        return Source(name, digest.hexdigest(), None)
    if len(files) == 1:
        return Source(name, digest.hexdigest(), path.read_bytes())
    model = onnx.load_model(str(path), load_external_data=False)
    load_external(path, model)
    return Source(name, digest.hexdigest(), model.SerializeToString())


def external_files(path: Path) -> list[Path]:
    """Return the external data files of a model, in order of first use."""
    model = onnx.load_model(str(path), load_external_data=False)
    locations = [ExternalDataInfo(tensor).location for tensor in external_tensors(model)]
    return [path.parent / location for location in dict.fromkeys(locations)]
