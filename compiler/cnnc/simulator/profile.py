"""Executed instructions and modelled cycles of one inference, layer by layer.

What is counted is one ``<name>_run`` of the build without trace: from the entry of that function
until the harness is called again. A layer is what is executed from the entry of its function to the
entry of the next one's, so the layers and the few instructions before the first add up to the
whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cnnc.codegen.names import faster_symbol, layer_symbol
from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Tensor
from cnnc.report.describe import layer_type
from cnnc.simulator.counting import (
    Executions,
    Interval,
    build_plugin,
    plugin_arguments,
    read_counts,
)
from cnnc.simulator.cycles import TIMINGS, Timing, modelled_cycles
from cnnc.simulator.disassembly import Instruction, disassemble, find_disassembler
from cnnc.simulator.elf import function_addresses
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError
from cnnc.simulator.records import RecordLayout
from cnnc.simulator.runners import ProgramRunner

_MARK = "cnnc_harness_mark"
_NOTHING = "alias"


@dataclass(frozen=True)
class LayerProfile:
    """What one layer costs.

    Attributes:
        layer: Name of the layer.
        op: Kind of its operator.
        dtype: What it computes with, as in report.json.
        kernel: Kernels that compute it, ``alias`` where nothing is computed.
        macs: Multiply-accumulates.
        instructions: Executed instructions; 0 for a layer that computes nothing.
        cycles: Modelled; None where they are not.
    """

    layer: str
    op: str
    dtype: str
    kernel: str
    macs: int
    instructions: int
    cycles: int | None

    def to_json(self, total: int) -> dict[str, Any]:
        """Return the JSON object.

        Args:
            total: Executed instructions of the inference.
        """
        per_mac = self.instructions / self.macs if self.macs else None
        return {
            "layer": self.layer,
            "op": self.op,
            "dtype": self.dtype,
            "kernel": self.kernel,
            "macs": self.macs,
            "instructions": self.instructions,
            "instructions_per_mac": None if per_mac is None else round(per_mac, 4),
            "cycles": self.cycles,
            "share": round(self.instructions / total, 4),
        }


@dataclass(frozen=True)
class Profile:
    """What one inference costs.

    Attributes:
        instructions: Executed instructions of ``<name>_run``.
        cycles: Modelled; None where they are not.
        cycle_model: Where the timing is published; None where no cycles are modelled.
        not_modelled: Why no cycles are modelled; None if they are.
        layers: In the model's order.
    """

    instructions: int
    cycles: int | None
    cycle_model: str | None
    not_modelled: str | None
    layers: tuple[LayerProfile, ...]

    def to_json(self, *, with_layers: bool) -> dict[str, Any]:
        """Return the keys that a counted run gives to the target's JSON object."""
        layers = [layer.to_json(self.instructions) for layer in self.layers]
        return {
            "instructions_per_inference": self.instructions,
            "cycles_per_inference": self.cycles,
            "cycle_model": self.cycle_model,
            "not_modelled": self.not_modelled,
            "not_counted": None,
            "profile": layers if with_layers else None,
        }


def not_counted(reason: str | None) -> dict[str, Any]:
    """Return the same keys where nothing was counted.

    Args:
        reason: Why; None where the target did not run at all.
    """
    return {
        "instructions_per_inference": None,
        "cycles_per_inference": None,
        "cycle_model": None,
        "not_modelled": None,
        "not_counted": reason,
        "profile": None,
    }


@dataclass(frozen=True, eq=False)
class Profiler:
    """Counts one inference of a program on an emulated core.

    Attributes:
        model: The network.
        runner: Runs the build without trace.
        compiler: Path of the compiler that built it; its disassembler is used.
        timing: Name of the core's published timing; empty if there is none.
        kernel_set: Whose kernels run; empty for those of every processor of the target.
        has_parts: Whether layers are computed in parts, by one thread after the other's here.
    """

    model: QuantModel
    runner: ProgramRunner
    compiler: str
    timing: str
    kernel_set: str = ""
    has_parts: bool = False

    def profile(
        self, inputs: Mapping[str, Tensor], kernels: Sequence[str], folder: Path
    ) -> Profile:
        """Run one sample and count.

        Args:
            inputs: Value key of each graph input -> (1, *storage_shape).
            kernels: What computes each layer, ``alias`` where nothing is computed.
            folder: For temporary files; exists.

        Raises:
            ToolchainError: There is no compiler for this machine, or the emulator takes no plugins.
            FaultyCodeError: The emitted C crashed.
        """
        addresses = function_addresses(self.runner.program)
        start, mark = addresses[f"{self.model.name}_run"], addresses[_MARK]
        marks = {start, mark, *self._layer_addresses(addresses)}
        intervals = self._count(inputs, folder, sorted(marks))
        run = _one_run(intervals, start, mark)
        return self._assign(list(_whole_layers(run) if self.has_parts else run), kernels)

    def _layer_addresses(self, addresses: Mapping[str, int]) -> Iterator[int]:
        """Yield where the layers' functions are.

        A compiler that changes a local function's interface adds a suffix to its name; of
        functions that are equal it may leave one.
        """
        plain = {name.partition(".")[0]: address for name, address in addresses.items()}
        for index, node in enumerate(self.model.nodes):
            symbol = layer_symbol(self.model.name, index, node.op.kind)
            for name in (symbol, faster_symbol(symbol, self.kernel_set)):
                if name in plain:
                    yield plain[name]

    def _count(
        self, inputs: Mapping[str, Tensor], folder: Path, marks: Sequence[int]
    ) -> tuple[Interval, ...]:
        if not self.runner.emulator:
            raise _no_plugins("programs for this machine run without one")
        plugin, counts = build_plugin(folder), folder / "counts"
        timed = self.timing in TIMINGS
        arguments = plugin_arguments(plugin, counts, marks, unaligned=timed)
        runner = self.runner.with_emulator_arguments(arguments)
        try:
            runner.run(RecordLayout(self.model, traced=False), inputs)
        except FaultyCodeError as error:
            if counts.exists():
                raise
            raise _no_plugins(error.problem) from error
        if not counts.exists():
            raise _no_plugins("it wrote no counts")
        return read_counts(counts)

    def _assign(self, run: Sequence[Interval], kernels: Sequence[str]) -> Profile:
        """Give each interval to its layer."""
        model, reason = self._cycle_model()
        owners = _owners(run, kernels)
        layers = tuple(
            LayerProfile(
                layer=node.name,
                op=node.op.kind,
                dtype=layer_type(self.model, node),
                kernel=kernels[index].replace("cnnc_", ""),
                macs=node.op.macs(self.model.input_shapes(node)),
                instructions=owners[index].instructions,
                cycles=model.cycles(owners[index]) if model is not None else None,
            )
            for index, node in enumerate(self.model.nodes)
        )
        return Profile(
            instructions=sum(interval.instructions for interval in run),
            cycles=sum(map(model.cycles, run)) if model is not None else None,
            cycle_model=model.timing.source if model is not None else None,
            not_modelled=reason,
            layers=layers,
        )

    def _cycle_model(self) -> "tuple[_CycleModel | None, str | None]":
        """Return the model, or why there is none."""
        timing = TIMINGS.get(self.timing)
        if timing is None:
            return None, "as this core's timing is not published"
        disassembler = find_disassembler(self.compiler)
        if disassembler is None:
            missing = Path(self.compiler).name.replace("gcc", "objdump")
            return None, f"as {missing} is missing, which comes with {Path(self.compiler).name}"
        return _CycleModel(timing, disassemble(disassembler, self.runner.program)), None


@dataclass(frozen=True)
class _CycleModel:
    """Timing of a core and the program that it runs."""

    timing: Timing
    program: Mapping[int, Instruction]

    def cycles(self, interval: Interval) -> int:
        return modelled_cycles(self.timing, self.program, interval)


def _one_run(intervals: Sequence[Interval], start: int, mark: int) -> Iterator[Interval]:
    """Yield the intervals of the first inference, the one before its first layer included."""
    marks = [interval.mark for interval in intervals]
    if start not in marks or mark not in marks[marks.index(start) :]:
        raise InternalError("the program was counted, but no inference was seen")
    first = marks.index(start)
    yield from intervals[first : marks.index(mark, first)]


def _whole_layers(run: Iterable[Interval]) -> Iterator[Interval]:
    """Join the intervals of a function that is entered once for each part of its layer."""
    for mark, parts in groupby(run, lambda interval: interval.mark):
        sites: dict[int, Executions] = {}
        for part in parts:
            for address, executions in part.sites.items():
                known = sites.get(address)
                sites[address] = executions if known is None else known + executions
        yield Interval(mark, sites)


def _owners(run: Sequence[Interval], kernels: Sequence[str]) -> list[Interval]:
    """Return each layer's interval, an empty one for a layer that computes nothing.

    The first interval is before the first layer; then each layer has one, in the model's order.
    """
    computing = [layer for layer, kernel in enumerate(kernels) if kernel != _NOTHING]
    if len(run) != len(computing) + 1:
        raise EngineFailedError(
            f"the compiled program enters {len(run) - 1} layers, the network has "
            f"{len(computing)}: they cannot be told apart",
            "compile without link-time optimization",
            "--profile",
        )
    owners = [Interval(0, {})] * len(kernels)
    for layer, interval in zip(computing, run[1:], strict=True):
        owners[layer] = interval
    return owners


def _no_plugins(reason: str) -> EngineFailedError:
    return EngineFailedError(
        f"the emulator cannot load the counting plugin: {reason}",
        "use a QEMU that is built with plugins, as Debian's and Ubuntu's are",
        "--profile",
    )
