"""The comparison must find every difference, name the first, and never call too little equal."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.support.quant_networks import chain_network, random_inputs, real_network

from cnnc.codegen.tflite import NotCompared
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import (
    Comparison,
    EngineResult,
    Observation,
    crc32_of_samples,
    skipped_result,
)
from cnnc.simulator.reference import run_reference


@dataclass
class FakeEngine:
    """The reference's own values with faults added.

    Attributes:
        model: The network.
        faults: (layer, sample, element) whose value is off by one.
        hidden: Layers that are not shown.
        output_faults: The same for the final outputs alone, as a build without trace may have.
        gives_outputs: Whether final outputs are given at all.
        not_compared: Excuses.
    """

    model: QuantModel
    faults: Sequence[tuple[int, int, int]] = ()
    hidden: Sequence[int] = ()
    output_faults: Sequence[tuple[int, int]] = ()
    gives_outputs: bool = True
    not_compared: tuple[NotCompared, ...] = field(default=())

    def observe(self, chunk: Chunk) -> Observation:
        """Return the faulty values' checksums."""
        shown = [i for i in range(len(self.model.nodes)) if i not in self.hidden]
        checksums = {layer: crc32_of_samples(self._values(chunk, layer)) for layer in shown}
        return Observation(checksums, self._outputs(chunk) if self.gives_outputs else ())

    def layer_values(self, chunk: Chunk, layers: Sequence[int]) -> Mapping[int, AnyArray]:
        """Return the faulty values."""
        return {layer: self._values(chunk, layer) for layer in layers}

    def _values(self, chunk: Chunk, layer: int) -> AnyArray:
        values = chunk.values[self.model.nodes[layer].output].copy()
        for faulty_layer, sample, element in self.faults:
            if faulty_layer == layer and 0 <= sample - chunk.first < chunk.samples:
                _flip(values, sample - chunk.first, element)
        return values

    def _outputs(self, chunk: Chunk) -> tuple[AnyArray, ...]:
        values = self._values(chunk, len(self.model.nodes) - 1)
        for sample, element in self.output_faults:
            _flip(values, sample, element)
        return (values,)


def _flip(values: AnyArray, sample: int, element: int) -> None:
    flat = values.reshape(len(values), -1).view(np.uint8)
    flat[sample, element] ^= 1


def _compare(engine: FakeEngine, samples: int = 4, chunks: int = 1) -> EngineResult:
    comparison = Comparison(engine.model, engine)
    inputs = random_inputs(engine.model, samples * chunks)
    for first in range(0, samples * chunks, samples):
        part = {name: array[first : first + samples] for name, array in inputs.items()}
        comparison.add(Chunk(first, {}, part, run_reference(engine.model, part)))
    return comparison.result({})


def _elements(model: QuantModel) -> int:
    return sum(int(np.prod(model.values[node.output].shape)) for node in model.nodes)


def test_equal_engine_is_bit_exact() -> None:
    model = chain_network()
    result = _compare(FakeEngine(model), samples=4, chunks=3)
    assert result.bit_exact is True
    assert result.compared_values == 12 * _elements(model)
    assert (result.layers_compared, result.layers_total) == (4, 4)
    assert result.first_divergence is None


@pytest.mark.parametrize("layer", range(4))
def test_one_wrong_value_is_counted_and_named(layer: int) -> None:
    model = chain_network()
    result = _compare(FakeEngine(model, faults=[(layer, 2, 1)]))
    assert result.bit_exact is False
    assert result.mismatched_values == 1
    divergence = result.first_divergence
    assert divergence is not None
    assert divergence.layer == model.nodes[layer].name
    assert divergence.op == model.nodes[layer].op.kind
    assert (divergence.sample, divergence.element) == (2, 1)
    assert int(divergence.expected) ^ int(divergence.found) == 1


def test_first_layer_wins_over_first_sample() -> None:
    model = chain_network()
    faults = [(3, 0, 0), (1, 9, 5), (1, 9, 2), (1, 11, 0)]
    result = _compare(FakeEngine(model, faults=faults), samples=4, chunks=3)
    assert result.mismatched_values == 4
    divergence = result.first_divergence
    assert divergence is not None
    assert divergence.layer == model.nodes[1].name
    assert (divergence.sample, divergence.element) == (9, 2)


def test_layer_that_is_not_shown_is_not_exact() -> None:
    result = _compare(FakeEngine(chain_network(), hidden=[1]))
    assert result.mismatched_values == 0
    assert result.layers_compared == 3
    assert result.bit_exact is False


def test_layer_with_a_reason_is_excused() -> None:
    model = chain_network()
    excuse = NotCompared(model.nodes[1].name, "sigmoid", "fused")
    result = _compare(FakeEngine(model, hidden=[1], not_compared=(excuse,)))
    assert result.bit_exact is True
    assert result.to_json()["not_compared"] == [
        {"layer": model.nodes[1].name, "op": "sigmoid", "reason": "fused"}
    ]


def test_missing_final_outputs_are_not_exact() -> None:
    assert _compare(FakeEngine(chain_network(), gives_outputs=False)).bit_exact is False


def test_nothing_compared_is_not_exact() -> None:
    model = chain_network()
    excuses = tuple(NotCompared(node.name, node.op.kind, "fused") for node in model.nodes)
    result = _compare(FakeEngine(model, hidden=range(4), not_compared=excuses))
    assert result.compared_values == 0
    assert result.bit_exact is False


def test_output_that_only_the_plain_build_gets_wrong_is_found() -> None:
    model = chain_network()
    result = _compare(FakeEngine(model, output_faults=[(1, 2), (3, 0)]))
    assert result.mismatched_values == 2
    assert result.bit_exact is False
    divergence = result.first_divergence
    assert divergence is not None
    assert (divergence.layer, divergence.sample, divergence.element) == ("dense", 1, 2)


def test_skipped_engine_is_neither_exact_nor_different() -> None:
    document = skipped_result(chain_network(), "no compiler", {"runtime": None}).to_json()
    assert document["bit_exact"] is None
    assert document["skipped"] == "no compiler"
    assert document["layers_total"] == 4
    assert document["runtime"] is None


def test_checksum_is_that_of_zlib_for_each_sample() -> None:
    values = np.arange(24, dtype=np.int8).reshape(2, 3, 4)[:, ::-1]
    expected = [zlib.crc32(np.ascontiguousarray(sample).tobytes()) for sample in values]
    assert crc32_of_samples(values).tolist() == expected


@dataclass
class OtherNan:
    """The reference's own values, but other bits wherever a value is no number.

    Attributes:
        model: The network.
        wrong: Whether a number beside them differs in its last bit.
    """

    model: QuantModel
    wrong: bool
    not_compared: tuple[NotCompared, ...] = ()

    def observe(self, chunk: Chunk) -> Observation:
        """Return the values' checksums."""
        values = [self._values(chunk, layer) for layer in range(len(self.model.nodes))]
        outputs = tuple(self._turned(chunk.values[port.value]) for port in self.model.outputs)
        return Observation({i: crc32_of_samples(v) for i, v in enumerate(values)}, outputs)

    def layer_values(self, chunk: Chunk, layers: Sequence[int]) -> Mapping[int, AnyArray]:
        """Return the values."""
        return {layer: self._values(chunk, layer) for layer in layers}

    def _values(self, chunk: Chunk, layer: int) -> AnyArray:
        values = self._turned(chunk.values[self.model.nodes[layer].output])
        if self.wrong and layer == 0:
            _flip(values, 3, 0)
        return values

    def _turned(self, values: AnyArray) -> AnyArray:
        turned = np.ascontiguousarray(values).copy()
        if turned.dtype == np.float32:
            turned.view(np.uint32)[np.isnan(values)] ^= 0x80000001
        return turned


@pytest.mark.parametrize("wrong", [False, True])
def test_bits_of_what_is_no_number_do_not_count(wrong: bool) -> None:
    model = real_network()
    inputs = random_inputs(model, 4)
    inputs["x"][:2] = np.nan
    values = run_reference(model, inputs)
    assert np.isnan(values["pooled"]).any()
    comparison = Comparison(model, OtherNan(model, wrong))
    comparison.add(Chunk(0, {}, inputs, values))
    result = comparison.result({})
    assert result.mismatched_values == int(wrong)
    assert result.bit_exact is not wrong
