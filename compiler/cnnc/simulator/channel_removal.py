"""Prove that removing channels changed nothing: restore every layer and compare it.

The network that the C computes lacks channels that are constant or never read
(``passes/remove_constant_channels.py``). Its layers, expanded by the channel maps, must be those of
the network with all its channels, which is what TFLite judges.
"""

from dataclasses import dataclass, field

import numpy as np

from cnnc.codegen.tflite import NotCompared
from cnnc.errors import ModelError
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.ir.serialize import COMPUTED, UNPRUNED
from cnnc.ir.types import AnyArray
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Divergence, EngineResult


def check_channel_maps(unpruned: QuantModel, model: QuantModel) -> None:
    """Check that two networks are one before and after the removal of channels.

    Raises:
        ModelError: A layer of the first cannot be restored from the second, or ports differ.
    """
    same_ports = (unpruned.inputs, unpruned.outputs) == (model.inputs, model.outputs)
    layers = {node.output for node in model.nodes}
    lost = [node.name for node in unpruned.nodes if not _restorable(unpruned, model, node, layers)]
    if lost or not same_ports or unpruned.rounding != model.rounding:
        what = f"layer '{lost[0]}'" if lost else "a port"
        raise ModelError(
            f"{UNPRUNED}.json and {COMPUTED}.json do not belong together: {what} differs",
            "compile the model again",
            f"{UNPRUNED}.json",
        )


def _restorable(unpruned: QuantModel, model: QuantModel, node: QuantNode, layers: set[str]) -> bool:
    shape = unpruned.values[node.output].shape
    channels = model.channel_maps.get(node.output)
    if channels is None:
        return node.output in layers and model.values[node.output].shape == shape
    if channels.shape != shape:
        return False
    if len(channels.kept) == 0:
        return True
    return node.output in layers and model.values[node.output].shape == channels.kept_shape


@dataclass
class ChannelRemovalCheck:
    """Collects differences over all chunks.

    Attributes:
        unpruned: The network with all its channels.
        model: The network that lacks some.
    """

    unpruned: QuantModel
    model: QuantModel
    _compared: int = 0
    _mismatched: int = 0
    _first: tuple[int, Divergence] | None = None
    _unread: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, before: Chunk, after: Chunk) -> None:
        """Compare what the reference computes with and without the removed channels.

        Args:
            before: Values of ``unpruned``.
            after: Values of ``model`` for the same inputs.
        """
        for layer, node in enumerate(self.unpruned.nodes):
            self._compare(layer, node, before, after)

    def result(self) -> EngineResult:
        """Return the verdict; layers with unread channels are compared but for these."""
        layers = len(self.unpruned.nodes)
        return EngineResult(
            bit_exact=self._compared > 0 and self._mismatched == 0,
            compared_values=self._compared,
            mismatched_values=self._mismatched,
            layers_total=layers,
            layers_compared=layers - len(self._unread),
            not_compared=tuple(
                NotCompared(node.name, node.op.kind, _reason(self._unread[node.name]))
                for node in self.unpruned.nodes
                if node.name in self._unread
            ),
            first_divergence=self._first[1] if self._first else None,
            skipped=None,
            details={},
        )

    def _compare(self, layer: int, node: QuantNode, before: Chunk, after: Chunk) -> None:
        expected = before.values[node.output]
        channels = self.model.channel_maps.get(node.output)
        if channels is None:
            self._count(layer, before, expected, after.values[node.output])
            return
        computed = after.values[node.output] if len(channels.kept) else None
        found = channels.expand(computed, before.samples)
        known = channels.known
        if not known.all():
            self._unread[node.name] = int((~known).sum())
            # What nobody reads was not computed; it is left out of the count as well.
            unread = before.samples * expected[0].size // channels.channels * int((~known).sum())
            self._compared -= unread
            found = np.where(known, found, expected)
        self._count(layer, before, expected, found)

    def _count(self, layer: int, chunk: Chunk, expected: AnyArray, found: AnyArray) -> None:
        self._compared += expected.size
        different = (expected != found).reshape(chunk.samples, -1)
        self._mismatched += int(different.sum())
        if not different.any() or (self._first is not None and self._first[0] <= layer):
            return
        sample, element = (int(index) for index in np.argwhere(different)[0])
        node = self.unpruned.nodes[layer]
        self._first = (
            layer,
            Divergence(
                layer=node.name,
                op=node.op.kind,
                sample=chunk.first + sample,
                element=element,
                expected=int(expected.reshape(chunk.samples, -1)[sample, element]),
                found=int(found.reshape(chunk.samples, -1)[sample, element]),
            ),
        )


def _reason(unread: int) -> str:
    return (
        f"{unread} of its channels are read by no layer and not computed; the others are compared"
    )
