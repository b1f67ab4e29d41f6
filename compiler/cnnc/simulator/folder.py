"""Read what the simulator needs from a folder that ``cnnc compile`` wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnc.codegen.folder import REPORT_FILE
from cnnc.deploy.kernel_sets import kernel_sets
from cnnc.deploy.targets import BOARD_COPY, Target, find_target, parse_board_file
from cnnc.errors import UsageError
from cnnc.importer.source import ONNX_COPY, TFLITE_COPY, read_source
from cnnc.importer.tflite.file import is_tflite
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.serialize import COMPUTED, UNPRUNED, load
from cnnc.simulator.build import EmittedCode
from cnnc.simulator.channel_removal import check_channel_maps
from cnnc.simulator.faults import FloatRefusedError, SourceMissingError
from cnnc.simulator.onnx_runtime import OnnxSession

_REMEDY = "give the folder that 'cnnc compile' wrote, or compile the model again"


@dataclass(frozen=True, eq=False)
class CompiledFolder:
    """A compiled network.

    Attributes:
        directory: The folder.
        model: The int8 network that the C computes.
        unpruned: The same network with all its channels; the same object if none were removed.
        target: What the C was made for.
        sha256: Digest of the source model.
        arena_bytes: Memory that the caller provides for one inference.
        kernels: Names of the kernels that compute each layer, ``alias`` where nothing is computed.
        faster_kernels: For each layer, kernel set -> its kernels, where they are others.
    """

    directory: Path
    model: QuantModel
    unpruned: QuantModel
    target: Target
    sha256: str
    arena_bytes: int
    kernels: tuple[str, ...]
    faster_kernels: tuple[Mapping[str, str], ...] = ()

    @property
    def code(self) -> EmittedCode:
        """The emitted C."""
        return EmittedCode(self.directory, self.model, kernel_sets(self.target.core))

    def kernels_of(self, kernel_set: str) -> tuple[str, ...]:
        """Return the kernels of each layer where a kernel set is used; empty for none."""
        used = ["", *(s.name for s in self.code.used_sets)]
        names = used[: used.index(kernel_set) + 1]
        return tuple(
            next((faster[name] for name in reversed(names) if name in faster), kernel)
            for kernel, faster in zip(self.kernels, self.faster_kernels, strict=True)
        )

    def tflite_source(self, source: Path | None) -> bytes | None:
        """Return the .tflite file that was compiled; None for an ONNX model or without a copy.

        Args:
            source: The user's file; None for the copy in the folder.

        Raises:
            UsageError: The file is not the one that was compiled.
        """
        if source is not None:
            self._check_digest(source)
            return source.read_bytes() if is_tflite(source) else None
        copy = self.directory / "model" / TFLITE_COPY
        return _read_file(copy) if copy.is_file() else None

    def float_session(self, source: Path | None) -> OnnxSession:
        """Return the original model, ready to run.

        Args:
            source: The user's file; None for the copy in the folder.

        Raises:
            SourceMissingError: There is no copy.
            FloatRefusedError: The model was int8 from the start.
            UsageError: The file is not the one that was compiled.
            ModelError: ONNX Runtime refuses the model.
        """
        if self.tflite_source(source) is not None:
            raise FloatRefusedError(
                "the source is an int8 .tflite",
                "compile the float model as .onnx to compare with float",
                "float",
            )
        if source is not None:
            return OnnxSession(source, self.model.inputs, self.model.outputs)
        copy = self.directory / "model" / ONNX_COPY
        if not copy.is_file():
            raise SourceMissingError(
                f"'{self.directory}' holds no copy of the source model",
                "give the model that was compiled with --model",
                "--model",
            )
        return OnnxSession(copy, self.model.inputs, self.model.outputs)

    def _check_digest(self, source: Path) -> None:
        if not source.is_file():
            raise UsageError(f"'{source}' does not exist", "give the model file", "--model")
        try:
            digest = read_source(source).sha256
        except Exception as error:
            # Whatever the parser trips over, the file is not the one that was compiled.
            raise UsageError(f"'{source}' cannot be read: {error}", _MODEL, "--model") from error
        if digest != self.sha256:
            raise UsageError(f"'{source}' is not the model in this folder", _MODEL, "--model")


_MODEL = "give the file that was compiled; report.json holds its sha256"


def open_folder(directory: Path) -> CompiledFolder:
    """Read a folder.

    Raises:
        UsageError: It was not made by cnnc, or report.json is damaged.
        ModelError: The int8 network is damaged.
        BoardError: The target is not known any more, or the folder's copy of its file is damaged.
    """
    report = _read_report(directory)
    try:
        target_name, digest = report["target"]["name"], report["model"]["sha256"]
        arena_bytes = int(report["ram_bytes"]["arena"])
        kernels = tuple(str(layer["kernel"]) for layer in report["layers"])
        faster = tuple(dict(layer["faster_kernels"]) for layer in report["layers"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{REPORT_FILE} in '{directory}' is damaged: {error!r}", _REMEDY, REPORT_FILE
        ) from error
    model = _read_model(directory, COMPUTED)
    if len(kernels) != len(model.nodes):
        raise UsageError(
            f"{REPORT_FILE} in '{directory}' lists {len(kernels)} layers, "
            f"the network has {len(model.nodes)}",
            _REMEDY,
            REPORT_FILE,
        )
    unpruned = model
    if model.channel_maps:
        unpruned = _read_model(directory, UNPRUNED)
        check_channel_maps(unpruned, model)
    return CompiledFolder(
        directory=directory,
        model=model,
        unpruned=unpruned,
        target=_target(directory, str(target_name)),
        sha256=str(digest),
        arena_bytes=arena_bytes,
        kernels=kernels,
        faster_kernels=faster,
    )


def _target(directory: Path, name: str) -> Target:
    """Return the board that the folder describes itself; otherwise one that cnnc knows."""
    copy = directory / "model" / BOARD_COPY
    if not copy.is_file():
        return find_target(name)
    return parse_board_file(str(copy), _read_file(copy), name)


def _read_model(directory: Path, stem: str) -> QuantModel:
    document = _read_file(directory / "model" / f"{stem}.json")
    arrays = _read_file(directory / "model" / f"{stem}.npz")
    return load(document, arrays, stem)


def _read_report(directory: Path) -> Any:  # noqa: ANN401 (JSON)
    if not directory.is_dir():
        raise UsageError(f"'{directory}' is not a folder", _REMEDY, str(directory))
    if not (directory / REPORT_FILE).is_file():
        raise UsageError(f"'{directory}' was not made by cnnc", _REMEDY, str(directory))
    try:
        return json.loads(_read_file(directory / REPORT_FILE))
    except ValueError as error:
        raise UsageError(
            f"{REPORT_FILE} in '{directory}' is not JSON: {error}", _REMEDY, REPORT_FILE
        ) from error


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"'{path}' cannot be read: {reason}", _REMEDY, str(path)) from error
