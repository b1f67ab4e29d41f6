"""docs/report.md describes what report.json holds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.compiling import no_progress
from tests.support.onnx_networks import write_classifier

from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder

PAGE = Path(__file__).parents[2] / "docs" / "report.md"


def _keys(value: Any, owner: str = "") -> Iterator[str]:  # noqa: ANN401 (JSON)
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        yield f"{owner}{key}"
        yield from _keys(item, f"{key}." if key in ("flash_bytes", "ram_bytes") else "")


def test_every_key_is_described(tmp_path: Path) -> None:
    options = CompileOptions(
        model=write_classifier(tmp_path / "m.onnx"), target="cortex-m4", output=tmp_path / "out"
    )
    compile_to_folder(options, no_progress, print)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    page = PAGE.read_text(encoding="utf-8")

    keys = set(_keys(report))
    assert {"ram_bytes.total", "live_bytes", "verdict", "c_layout"} <= keys
    assert {key for key in keys if f"`{key}`" not in page} == set()
