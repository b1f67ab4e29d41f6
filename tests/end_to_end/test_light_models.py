"""The whole networks of the onnx package, with seeded weights: float and int8 results hold."""

from pathlib import Path

import pytest
from bench.light_models import examine, light_models


def _ids(path: Path) -> str:
    return path.stem.removeprefix("light_")


def _check(light: Path, folder: Path) -> None:
    found = examine(light, folder)

    assert found.holds, found
    assert found.channels_removed == 0
    # Twice the float weights and what the layers' values take.
    assert found.peak_bytes < 2 * 4 * found.weight_bytes + 2**30


@pytest.mark.long
@pytest.mark.parametrize("light", light_models(), ids=_ids)
def test_whole_architectures(light: Path, tmp_path: Path) -> None:
    _check(light, tmp_path)


def test_smallest_architecture(tmp_path: Path) -> None:
    (squeezenet,) = (path for path in light_models() if "squeezenet" in path.stem)

    _check(squeezenet, tmp_path)
