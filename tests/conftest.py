"""Golden files: what an earlier run wrote and a reader has looked at."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN_FOLDER = Path(__file__).parent / "golden"

GoldenCheck = Callable[[str, bytes], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-golden``."""
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing"
    )


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> GoldenCheck:
    """Return a function that compares content with ``golden/<test file>/<test>/<name>``.

    A missing file fails; ``--update-golden`` writes it.
    """
    update = bool(request.config.getoption("--update-golden"))
    folder = GOLDEN_FOLDER / request.path.stem / request.node.name

    def check(name: str, content: bytes) -> None:
        path = folder / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        assert path.is_file(), f"{path} is missing; run pytest --update-golden and review it"
        assert content.decode() == path.read_bytes().decode(), "differs from its golden file"

    return check
