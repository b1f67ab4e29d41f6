"""Ways in which an engine can be there and still fail, or be absent for want of a file."""

from cnnc.errors import EXIT_DIFFERENT, CnncError, ModelError, ToolchainError, UsageError


class EngineFailedError(ToolchainError):
    """A compiler, emulator or runtime is installed but does not do its work."""


class FaultyCodeError(CnncError):
    """The emitted C does not compile, crashes, or computes other values than the reference."""

    exit_status = EXIT_DIFFERENT


class SourceMissingError(UsageError):
    """The folder holds no copy of the source model, and none was given."""


class FloatRefusedError(ModelError):
    """ONNX Runtime cannot run the source model."""
