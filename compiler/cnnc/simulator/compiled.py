"""What the host and the target engine have in common: the emitted C, built twice."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnc.codegen.tflite import NotCompared
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I32, AnyArray
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Observation
from cnnc.simulator.faults import FaultyCodeError
from cnnc.simulator.records import RecordLayout
from cnnc.simulator.runners import Runner


class CompiledEngine:
    """The emitted C with trace for the layers, without trace for the final outputs.

    Args:
        model: The network.
        traced: Runs the build with ``CNNC_TRACE``.
        plain: Runs the build that an application would use.
    """

    def __init__(self, model: QuantModel, traced: Runner, plain: Runner) -> None:
        self._model = model
        self._traced = traced
        self._plain = plain
        self._stack_bytes: int | None = None

    @property
    def stack_bytes(self) -> int | None:
        """Most that an inference of the plain build had on the stack; None if not measured."""
        return self._stack_bytes

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """Layers that the C never stores: none."""
        return ()

    def observe(self, chunk: Chunk) -> Observation:
        """Run both builds."""
        records = self._traced.run(RecordLayout(self._model, traced=True), chunk.inputs)
        reported = [i for i in range(len(self._model.nodes)) if self._reported(i, records.sizes)]
        plain = self._plain.run(RecordLayout(self._model, traced=False), chunk.inputs)
        if plain.stack_bytes is not None:
            self._stack_bytes = max(plain.stack_bytes, self._stack_bytes or 0)
        checksums = {layer: records.checksums[:, layer] for layer in reported}
        return Observation(checksums, plain.outputs)

    def layer_values(self, chunk: Chunk, layers: Sequence[int]) -> Mapping[int, AnyArray]:
        """Run the traced build again and return the bytes of these layers."""
        layout = RecordLayout(self._model, traced=True, dump=tuple(layers))
        return self._traced.run(layout, chunk.inputs).dumps

    def _reported(self, layer: int, sizes: I32) -> bool:
        reported = np.unique(sizes[:, layer])
        node = self._model.nodes[layer]
        expected = self._model.values[node.output].bytes
        if list(reported) == [expected]:
            return True
        if list(reported) == [-1]:
            return False
        raise FaultyCodeError(
            f"the emitted C reports {reported} bytes for layer '{node.name}' instead of {expected}",
            "compile the model again with cnnc; if that does not help, report it",
            node.name,
        )
