"""DepthToSpace and SpaceToDepth: both modes, batches, .tflite operators, what is refused."""

from pathlib import Path

import pytest
from tests.support.kinds import kinds
from tests.support.op_cases import check_onnx
from tests.support.tflite_files import activation, check_original, one_operator

from cnnc.codegen.tflite_file import TfliteOptions
from cnnc.errors import CnncError
from cnnc.ir.types import Shape


@pytest.mark.parametrize("opset", [7, 11, 13, 21])
@pytest.mark.parametrize(
    ("block", "shape"), [(2, (1, 12, 2, 3)), (3, (2, 18, 3, 1)), (1, (1, 2, 3, 4))]
)
def test_depth_to_space(opset: int, block: int, shape: Shape) -> None:
    check_onnx("DepthToSpace", {"blocksize": block}, [shape], opset=opset)


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_modes_move_each_element_once(mode: str) -> None:
    model = check_onnx("DepthToSpace", {"blocksize": 2, "mode": mode}, [(2, 12, 2, 3)], opset=13)
    assert kinds(model) == ["reshape", "transpose", "reshape"]


@pytest.mark.parametrize("opset", [7, 13])
@pytest.mark.parametrize(("block", "shape"), [(2, (1, 3, 4, 6)), (3, (2, 2, 3, 9))])
def test_space_to_depth(opset: int, block: int, shape: Shape) -> None:
    check_onnx("SpaceToDepth", {"blocksize": block}, [shape], opset=opset)


@pytest.mark.parametrize(
    ("op_type", "attributes", "shape", "reason"),
    [
        ("DepthToSpace", {"blocksize": 2}, (1, 6, 2, 2), "6 channels are no blocks of 2 x 2"),
        ("SpaceToDepth", {"blocksize": 2}, (1, 1, 4, 3), "an image of 4 x 3 is no blocks of 2 x 2"),
        ("DepthToSpace", {"blocksize": 2, "mode": "X"}, (1, 4, 2, 2), "mode 'X' is not supported"),
        ("SpaceToDepth", {"blocksize": 1}, (1, 4, 2), r"shape \[1, 4, 2\] is no 2-D image"),
    ],
)
def test_refuses(op_type: str, attributes: dict[str, int | str], shape: Shape, reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx(op_type, attributes, [shape], opset=13)


@pytest.mark.parametrize(
    ("code", "source", "result"),
    [
        ("DEPTH_TO_SPACE", (2, 2, 3, 12), (2, 4, 6, 3)),
        ("SPACE_TO_DEPTH", (2, 4, 6, 3), (2, 2, 3, 12)),
    ],
)
def test_reads_tflite(code: str, source: Shape, result: Shape, tmp_path: Path) -> None:
    table = {"DEPTH_TO_SPACE": "DepthToSpaceOptions", "SPACE_TO_DEPTH": "SpaceToDepthOptions"}
    options = TfliteOptions(table[code], {"BlockSize": 2})
    data = one_operator(code, [activation("x", source)], activation("y", result), options, 1)
    check_original(data, tmp_path)
