"""The operator page in the documentation says what the code says."""

from pathlib import Path

from cnnc.report.operators_page import operators_page

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == operators_page(), "run: make docs"
