"""The same integer graph run by TFLite: an independent judge of every layer."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnc.codegen.tflite import NotCompared
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Observation
from cnnc.simulator.faults import EngineFailedError
from cnnc.simulator.tflite_graph import JudgedGraph, exported_graph
from cnnc.simulator.tflite_original import original_graph
from cnnc.simulator.tflite_runtime import (
    TfliteRuntime,
    TfliteSession,
    find_runtime,
    installed_runtimes,
)
from cnnc.simulator.tflite_single import SingleRoundingEngine


def start_tflite(
    model: QuantModel, source: bytes | None = None
) -> "TfliteEngine | SingleRoundingEngine":
    """Return the engine that judges the model's rounding.

    Args:
        model: The network.
        source: The .tflite file that it was imported from; None where it was not.

    Raises:
        ToolchainError: No runtime that can judge it is installed.
        EngineFailedError: The runtime refuses an exported file.
    """
    if model.rounding == "single":
        return SingleRoundingEngine(model, find_runtime(["ai-edge-litert"]))
    runtime = find_runtime(["tflite-runtime", "ai-edge-litert"])
    if source is None:
        return TfliteEngine(model, runtime)
    return _start_original(model, source)


def _start_original(model: QuantModel, source: bytes) -> "TfliteEngine":
    """Return the first runtime that is not too old for the file's operators."""
    refusals: list[EngineFailedError] = []
    for runtime in installed_runtimes():
        try:
            return TfliteEngine(model, runtime, original_graph(model, source, runtime))
        except EngineFailedError as error:
            refusals.append(error)
    raise refusals[0]


def no_tflite_details() -> dict[str, Any]:
    """Return the keys that only the tflite engine has, for one that did not run."""
    return {"runtime": None}


class TfliteEngine:
    """The whole graph in TFLite's reference kernels; every value is a subgraph output.

    Args:
        model: The network, quantized for double rounding.
        runtime: Who runs it.
        graph: What is run; None for the model's own export.

    Raises:
        EngineFailedError: The runtime refuses the file.
    """

    def __init__(
        self, model: QuantModel, runtime: TfliteRuntime, graph: JudgedGraph | None = None
    ) -> None:
        self._model = model
        self.runtime = f"{runtime} (reference kernels)"
        self._graph = graph or exported_graph(model)
        self._layers = {node.output: layer for layer, node in enumerate(model.nodes)}
        shows = bool(self._graph.outputs)
        self._session = TfliteSession(runtime, self._graph.data) if shows else None
        whole = self._graph.whole
        self._whole = None if whole is None else TfliteSession(runtime, whole)

    def details(self) -> dict[str, Any]:
        """Return the keys that only the tflite engine has."""
        return {"runtime": self.runtime}

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """Layers without an exact form in TFLite."""
        return self._graph.not_compared

    def observe(self, chunk: Chunk) -> Observation:
        """Run every sample; a value's CRC-32 is taken while TFLite still holds it."""
        if self._session is None:
            return Observation({}, ())
        checksums: list[list[int]] = []
        finals: list[list[AnyArray]] = []
        for outputs in self._session.run(self._operands(chunk)):
            checksums.append([zlib.crc32(value.tobytes()) for value in outputs])
            finals.append([outputs[position] for position in self._final_positions])
        table = np.array(checksums, dtype=np.uint32)
        layers = {
            self._layers[value]: table[:, position]
            for position, value in enumerate(self._graph.outputs)
            if value in self._layers
        }
        return Observation(layers, self._outputs(chunk, finals))

    def _outputs(self, chunk: Chunk, finals: list[list[AnyArray]]) -> tuple[AnyArray, ...]:
        """Return the final outputs: of the user's own file where it can be run."""
        if self._whole is not None:
            ports = [chunk.values[port.value] for port in self._model.inputs]
            finals = list(self._whole.run(ports))
        return tuple(np.stack(arrays) for arrays in zip(*finals, strict=True))

    def layer_values(self, chunk: Chunk, layers: Sequence[int]) -> Mapping[int, AnyArray]:
        """Run again and return these layers."""
        if self._session is None:
            return {}
        names = [self._model.nodes[layer].output for layer in layers]
        positions = [self._graph.outputs.index(name) for name in names]
        kept = [
            [outputs[position] for position in positions]
            for outputs in self._session.run(self._operands(chunk))
        ]
        return dict(zip(layers, map(np.stack, zip(*kept, strict=True)), strict=True))

    @property
    def _final_positions(self) -> list[int]:
        """Where the model's outputs are; empty if TFLite does not compute all of them."""
        wanted = [port.value for port in self._model.outputs]
        computed = self._graph.outputs
        known = all(name in computed for name in wanted)
        return [computed.index(name) for name in wanted] if known else []

    def _operands(self, chunk: Chunk) -> list[AnyArray]:
        return [chunk.values[name] for name in self._graph.operands]
