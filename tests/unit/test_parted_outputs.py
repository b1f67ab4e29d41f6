"""Outputs that join what is too far apart for one int8 format are float32; others are int8."""

import logging

import numpy as np
import onnx
import pytest
from tests.support import onnx_models as make
from tests.support.network_checks import check_network

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import ElementType


def _head(factor: float, *, also_alone: bool = False) -> onnx.ModelProto:
    """Return a network that joins boxes, the larger by a factor, with scores in 0..1."""
    generator = np.random.default_rng(0)
    nodes = [
        make.node("Conv", "x box", "b", "boxes"),
        make.node("Mul", "b factor", "m", "stretch"),
        make.node("Conv", "x cls", "c", "classes"),
        make.node("Sigmoid", "c", "s", "sigmoid"),
        make.node("Concat", "m s", "j", "join", axis=1),
        make.node("Reshape", "j flat", "y", "flat"),
    ]
    weights = {
        "box": generator.uniform(0.5, 1.0, (4, 3, 1, 1)).astype(np.float32),
        "cls": generator.normal(0.0, 1.0, (5, 3, 1, 1)).astype(np.float32),
        "factor": np.array([factor], np.float32),
        "flat": np.array([1, 9, -1]),
    }
    outputs = ["y", "m"] if also_alone else ["y"]
    return make.model(nodes, {"x": (1, 3, 4, 6)}, outputs, weights)


def _kinds(model: QuantModel) -> list[ElementType]:
    return [model.values[port.value].element_type for port in model.outputs]


def test_output_of_far_ranges_is_real(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        model = check_network(_head(200.0))

    assert _kinds(model) == [ElementType.FLOAT32]
    assert model.values["s"].quantization.scale < 1 / 200
    (record,) = caplog.records
    assert "output 'y' is float32: it joins" in record.message
    assert "'s'" in record.message


def test_a_part_that_is_an_output_of_its_own_stays_int8() -> None:
    model = check_network(_head(200.0, also_alone=True))

    assert _kinds(model) == [ElementType.FLOAT32, ElementType.INT8]


def test_output_of_near_ranges_is_int8() -> None:
    assert _kinds(check_network(_head(2.0))) == [ElementType.INT8]
