"""Ways in which an engine can be there and still fail, or be absent for want of a file."""

from cnnc.errors import ModelError, ToolchainError, UsageError


class EngineFailedError(ToolchainError):
    """A compiler, emulator or runtime is installed but fails on the model."""


class SourceMissingError(UsageError):
    """The folder holds no copy of the source model, and none was given."""


class FloatRefusedError(ModelError):
    """ONNX Runtime cannot run the source model."""
