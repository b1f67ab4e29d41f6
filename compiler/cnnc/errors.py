"""Errors that a user can act on: what is wrong, where, and what to do about it."""

from dataclasses import dataclass

EXIT_EQUAL = 0
EXIT_DIFFERENT = 1
EXIT_BAD_INPUT = 2
EXIT_MISSING_TOOL = 3


@dataclass(frozen=True)
class Unsupported:
    """One node that cannot be imported.

    Attributes:
        node: Name of the ONNX node, or of the layer of a .tflite operator.
        op_type: Its operator, e.g. ``Einsum``.
        reason: Why it is refused, e.g. ``this operator is not supported``.
        remedy: What the user can do about it.
        location: User's file and line if the exporter left it in the node's metadata; position and
            result of a .tflite operator.
    """

    node: str
    op_type: str
    reason: str
    remedy: str
    location: str | None = None

    def __str__(self) -> str:
        place = f" ({self.location})" if self.location else ""
        return f"{self.op_type} node '{self.node}'{place}: {self.reason}"


class CnncError(Exception):
    """A fault in the user's input, with a remedy.

    Args:
        problem: One sentence that names node, operator, file or option.
        remedy: What the user can do; empty if nothing sensible can be said.
        where: File, node or option that the problem is about.
    """

    exit_status = EXIT_BAD_INPUT

    def __init__(self, problem: str, remedy: str = "", where: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.where = where

    def __str__(self) -> str:
        return f"{self.problem}\nremedy: {self.remedy}" if self.remedy else self.problem


class UsageError(CnncError):
    """The command line or an option is wrong."""


class ModelError(CnncError):
    """The model file cannot be compiled."""


class UnsupportedOpError(ModelError):
    """Nodes of the model are not supported; all of them are listed, each kind of remedy once."""

    def __init__(self, unsupported: tuple[Unsupported, ...], where: str = "") -> None:
        lines = [str(entry) for entry in unsupported]
        problem = lines[0]
        if len(lines) > 1:
            problem = f"{len(lines)} nodes are not supported:\n  " + "\n  ".join(lines)
        super().__init__(problem, "; ".join(dict.fromkeys(e.remedy for e in unsupported)), where)
        self.unsupported = unsupported


class UnsupportedAttributeError(ModelError):
    """An attribute or operand of a supported operator has a value that is not supported.

    Raised by an operator's reader; the importer collects it with the node's name.
    """


class DynamicShapeError(ModelError):
    """A shape is not static and was not pinned."""


class CalibrationError(CnncError):
    """Calibration or evaluation data do not fit the model."""


class BoardError(CnncError):
    """An unknown target or a faulty board description."""


class MemoryFitError(CnncError):
    """The network does not fit the target's flash or RAM."""


class ToolchainError(CnncError):
    """A compiler, emulator or runtime is missing or failed."""

    exit_status = EXIT_MISSING_TOOL


class InternalError(Exception):
    """A bug in cnnc: a stage broke its own promise."""
