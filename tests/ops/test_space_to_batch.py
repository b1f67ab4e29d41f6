"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: TFLite's bytes for images and lines."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.tflite_files import activation, check_original, constant, imported, one_operator

from cnnc.codegen.tflite_file import TfliteOptions
from cnnc.errors import CnncError
from cnnc.ir.types import Shape

SPACE, BATCH = "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"
TABLES = {SPACE: "SpaceToBatchNDOptions", BATCH: "BatchToSpaceNDOptions"}


def _file(
    code: str, source: Shape, result: Shape, blocks: list[int], borders: list[list[int]]
) -> bytes:
    operands = [
        activation("x", source),
        constant("blocks", np.array(blocks, dtype=np.int32)),
        constant("borders", np.array(borders, dtype=np.int32)),
    ]
    return one_operator(code, operands, activation("y", result), TfliteOptions(TABLES[code], {}))


@pytest.mark.parametrize(
    ("code", "source", "result", "blocks", "borders"),
    [
        (SPACE, (2, 4, 6, 3), (12, 2, 2, 3), [2, 3], [[0, 0], [0, 0]]),
        (SPACE, (1, 3, 5, 2), (4, 3, 4, 2), [2, 2], [[1, 2], [0, 3]]),
        (SPACE, (2, 5, 3), (6, 3, 3), [3], [[1, 3]]),
        (BATCH, (12, 2, 2, 3), (2, 4, 6, 3), [2, 3], [[0, 0], [0, 0]]),
        (BATCH, (4, 3, 4, 2), (1, 3, 5, 2), [2, 2], [[1, 2], [0, 3]]),
        (BATCH, (6, 3, 3), (2, 5, 3), [3], [[1, 3]]),
    ],
)
def test_gives_the_bytes_of_tflite(
    code: str,
    source: Shape,
    result: Shape,
    blocks: list[int],
    borders: list[list[int]],
    tmp_path: Path,
) -> None:
    check_original(_file(code, source, result, blocks, borders), tmp_path)


@pytest.mark.parametrize(
    ("code", "source", "blocks", "borders", "reason"),
    [
        (SPACE, (1, 5, 4, 1), [2, 2], [[0, 0], [0, 0]], r"\[1, 5, 4, 1\] is no multiple of blocks"),
        (BATCH, (3, 5, 4, 1), [2, 2], [[0, 0], [0, 0]], "batch 3 is no multiple of blocks"),
        (BATCH, (4, 5, 4, 1), [2, 2], [[0, 0]], "do not fit a tensor"),
        (SPACE, (4, 4, 4, 1), [2, 0], [[0, 0], [0, 0]], "do not fit a tensor"),
    ],
)
def test_refuses(
    code: str,
    source: Shape,
    blocks: list[int],
    borders: list[list[int]],
    reason: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(CnncError, match=reason):
        imported(_file(code, source, source, blocks, borders), tmp_path)
