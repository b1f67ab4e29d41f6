"""What ``cnnc simulate`` is asked for."""

from dataclasses import dataclass
from pathlib import Path

from cnnc.errors import UsageError
from cnnc.importer.tflite.file import is_tflite

ENGINES = ("reference", "host", "target", "tflite", "float")
"""Names of ``--engines``; the reference always runs, the others are compared with it."""

COMPARED_ENGINES = ("host", "target", "tflite")
"""Those that must give the reference's bytes."""

DEFAULT_RANDOM = 10
DEFAULT_SEED = 0


@dataclass(frozen=True, kw_only=True)
class SimulationRequest:
    """Options of ``cnnc simulate``.

    Attributes:
        inputs: Data file; None for random inputs.
        random: Number of random inputs; None for the default.
        seed: Of the random inputs; None for the default.
        engines: Those that must run; None for all that are available.
        model: The source model, where the folder holds no copy.
        sanitize: Build the host engine with ASan and UBSan.
        limit: Use the first so many rows of the file, and what completes a static batch.
        profile: Show what each layer costs on the target.
    """

    inputs: Path | None = None
    random: int | None = None
    seed: int | None = None
    engines: tuple[str, ...] | None = None
    model: Path | None = None
    sanitize: bool = False
    limit: int | None = None
    profile: bool = False

    def wants(self, engine: str) -> bool:
        """Whether the engine should run if it is there."""
        return self.engines is None or engine in self.engines

    def requires(self, engine: str) -> bool:
        """Whether the engine was asked for, by its name or by an option that only it obeys."""
        options = {
            "host": self.sanitize,
            "target": self.profile,
            self._model_reader: self.model is not None,
        }
        return self.engines is not None or options.get(engine, False)

    @property
    def _model_reader(self) -> str:
        """The engine that runs the source model: TFLite a .tflite file, float any other."""
        return "tflite" if self.model is not None and is_tflite(self.model) else "float"

    def check(self) -> None:
        """Refuse contradictions, and options that would be without effect.

        Raises:
            UsageError: Unknown engine, nothing to compare, or options that exclude each other.
        """
        unknown = [name for name in self.engines or () if name not in ENGINES]
        if unknown:
            raise UsageError(
                f"unknown engine '{unknown[0]}'", f"engines are {', '.join(ENGINES)}", "--engines"
            )
        if self.engines is not None and set(self.engines) <= {"reference"}:
            raise UsageError(
                "the reference alone has nothing to be compared with",
                f"add one of {', '.join(ENGINES[1:])}",
                "--engines",
            )
        if self.inputs is not None and self.random is not None:
            raise UsageError("both --inputs and --random are given", "give one", "--random")
        without_effect = {
            "--limit": (self.limit is not None and self.inputs is None, "--inputs"),
            "--seed": (self.seed is not None and self.inputs is not None, "random inputs"),
            "--profile": (self.profile and not self.wants("target"), "the target engine"),
            "--sanitize": (self.sanitize and not self.wants("host"), "the host engine"),
            "--model": (
                self.model is not None and not self.wants(self._model_reader),
                f"the {self._model_reader} engine",
            ),
        }
        for option, (idle, needed) in without_effect.items():
            if idle:
                raise UsageError(
                    f"{option} has no effect without {needed}", f"leave {option} out", option
                )
