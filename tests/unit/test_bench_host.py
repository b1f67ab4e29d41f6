"""The benchmark on this machine: all engines compute the network, figures only of equal bytes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from bench import host_measure
from bench.cortex_m_measure import NETWORKS
from bench.host import MUST
from bench.host_measure import ALL_NETWORKS, HostTask, measure_host, measure_host_or_say

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, Tensor
from cnnc.simulator.reference import run_outputs

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> HostTask:
    monkeypatch.setitem(NETWORKS, "example", EXAMPLE.name)
    monkeypatch.setitem(host_measure.ONNX_NETWORKS, "example", EXAMPLE.name)
    return HostTask("example", EXAMPLE.parent, "host", ("gcc",), 0.01)


def test_every_network_has_a_ratio_to_reach() -> None:
    assert set(MUST) == set(ALL_NETWORKS)


def test_all_engines_are_timed(example: HostTask) -> None:
    measured = measure_host(example)
    engines = {"gcc", "XNNPACK", "ONNX Runtime int8", "ONNX Runtime float"}
    assert set(measured.microseconds) == engines
    assert all(0 < time < 1e6 for time in measured.microseconds.values())
    assert measured.library_bytes > measured.arena_bytes > 0


def test_other_bytes_than_the_references_give_no_figure(
    example: HostTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = run_outputs

    def wrong(model: QuantModel, inputs: Mapping[str, Tensor]) -> dict[str, AnyArray]:
        return {name: np.bitwise_not(array) for name, array in right(model, inputs).items()}

    monkeypatch.setattr(host_measure, "run_outputs", wrong)
    answer = measure_host_or_say(example)
    assert isinstance(answer, str)
    assert "not equal to the reference" in answer
