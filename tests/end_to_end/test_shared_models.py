"""Every shared model, proven on all engines and all data (where the models are there)."""

from pathlib import Path

import pytest
from bench.prove_models import prove
from tests.support.shared_models import SharedModel, shared_models


@pytest.mark.long
@pytest.mark.parametrize("model", shared_models(), ids=lambda model: model.name)
def test_all_engines_are_equal_and_accuracy_holds(model: SharedModel, tmp_path: Path) -> None:
    proof = prove(model, tmp_path)

    assert proof.equal, proof.mismatched
    assert {entry["op"] for entry in proof.not_compared} <= model.not_in_tflite
    if model.max_drop_points is not None:
        drop = proof.drop_points
        assert drop is not None
        assert drop <= model.max_drop_points
