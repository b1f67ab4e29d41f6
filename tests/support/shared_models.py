"""The larger models and data, where they are there: those of the benchmarks."""

from bench.models import MODELS as SHARED
from bench.models import SharedModel, shared_models

__all__ = ["SHARED", "SharedModel", "shared_models"]
