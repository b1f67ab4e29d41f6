"""What ``cnnc simulate`` found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnc.simulator.compare import EngineResult
from cnnc.simulator.firmware import SELFTEST_OK


@dataclass(frozen=True)
class SimulationReport:
    """What ``simulate --json`` prints.

    Attributes:
        inputs: Number of samples.
        results: Integer engines by name.
        float_result: JSON object of the float engine; None if it was not asked for.
        by_name: Whether exactly these engines were asked for.
        channel_removal: The reference's network compared with the one before channels were
            removed; None if none were.
        target_missing: Why code for another machine was not run though nobody left it out; None if
            it was run, or if this machine is the target.
    """

    inputs: int
    results: Mapping[str, EngineResult]
    float_result: Mapping[str, Any] | None
    by_name: bool = False
    channel_removal: EngineResult | None = None
    target_missing: str | None = None

    @property
    def idle(self) -> tuple[str, ...]:
        """Engines that had to compare values and compared none, without a failure.

        Those asked for by name must; without names, one of all engines must. Nobody asks for
        kernels that this machine does not run.
        """
        wanted = {n: r for n, r in self.results.items() if r.skipped is None or " " not in n}
        idle = tuple(
            name
            for name, result in wanted.items()
            if not result.compared_values and result.failed is None
        )
        return idle if self.by_name or len(idle) == len(wanted) else ()

    def targets(self) -> dict[str, EngineResult]:
        """Return what ran on the target's processors: ``target``, and one for each kernel set."""
        return {n: r for n, r in self.results.items() if n.partition(" ")[0] == "target"}

    @property
    def failed_selftest(self) -> str | None:
        """What the emitted firmware did instead of passing its own test; None if it passed."""
        target = self.results.get("target")
        outcome = target.details.get("selftest") if target is not None else None
        return None if outcome == SELFTEST_OK else outcome

    @property
    def near_float(self) -> bool:
        """Whether a network in float32 is near ONNX Runtime; true where that was not asked."""
        return self.float_result is None or self.float_result["within_tolerance"] is not False

    @property
    def equal(self) -> bool:
        """Whether values were compared and none differs; compiled engines show every layer."""
        if self.idle or any(result.failed for result in self.results.values()):
            return False
        ran = {name: result for name, result in self.results.items() if result.skipped is None}
        complete = all(result.bit_exact for name, result in ran.items() if name != "tflite")
        complete = complete and self.failed_selftest is None and self.near_float
        if self.channel_removal is not None:
            complete = complete and bool(self.channel_removal.bit_exact)
        return complete and not any(result.mismatched_values for result in ran.values())

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        engines = {name: result.to_json() for name, result in self.results.items()}
        if self.float_result is not None:
            engines["float"] = dict(self.float_result)
        removal = self.channel_removal.to_json() if self.channel_removal else None
        return {"inputs": self.inputs, "engines": engines, "channel_removal": removal}
