"""scripts/environment: when .venv is made, kept, or made anew. Python and pip are stand-ins."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "environment"
SYSTEM_PYTHON = """#!/bin/sh
case "$*" in
*print*) echo 3.11 ;;
-V) echo Python 3.11.0 ;;
"-m venv"*)
    echo "$*" >>calls
    mkdir -p .venv/bin
    cp venv-python .venv/bin/python
    ;;
esac
"""
VENV_PYTHON = """#!/bin/sh
case "$*" in
*install*)
    echo "$*" >>calls
    cp "$0" .venv/bin/cnnc
    ;;
esac
"""
WITHOUT_PIP = "#!/bin/sh\nexit 1\n"
MAKE = "-m venv --clear .venv"
INSTALL = "-m pip install --quiet --disable-pip-version-check --editable "


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a pyproject.toml and the stand-ins."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "tools").mkdir()
    _write_program(tmp_path / "tools" / "python3", SYSTEM_PYTHON)
    _write_program(tmp_path / "venv-python", VENV_PYTHON)
    return tmp_path


def _write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _prepare(checkout: Path, extras: str) -> list[str]:
    """Return what was called to have the extras."""
    calls = checkout / "calls"
    calls.write_text("")
    # Packages of the system are another matter, and not to be installed by a test.
    text = f'. "{SCRIPT}"\nadd_missing() {{ :; }}\nprepare "{extras}"\n'
    path = f"{checkout / 'tools'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    subprocess.run(["sh", "-eu", "-c", text], cwd=checkout, env=environment, check=True)
    return calls.read_text().splitlines()


def test_first_run_makes_everything(checkout: Path) -> None:
    assert _prepare(checkout, "") == [MAKE, f"{INSTALL}."]


def test_second_run_does_nothing(checkout: Path) -> None:
    _prepare(checkout, "test,lint")

    assert _prepare(checkout, "test,lint") == []


def test_more_extras_are_added(checkout: Path) -> None:
    _prepare(checkout, "")

    assert _prepare(checkout, "test") == [f"{INSTALL}.[test]"]


@pytest.mark.parametrize("fewer", ["", "test", "lint"])
def test_fewer_extras_are_satisfied(checkout: Path, fewer: str) -> None:
    _prepare(checkout, "test,lint")

    assert _prepare(checkout, fewer) == []


def test_extras_of_two_runs_add_up(checkout: Path) -> None:
    _prepare(checkout, "test")
    _prepare(checkout, "lint")

    assert _prepare(checkout, "test,lint") == []


def test_another_pyproject_is_installed_again(checkout: Path) -> None:
    _prepare(checkout, "test,lint")
    (checkout / "pyproject.toml").write_text("[project]\nversion = '2'\n")

    assert _prepare(checkout, "") == [f"{INSTALL}."]
    assert _prepare(checkout, "test") == [f"{INSTALL}.[test]"]


def test_environment_without_pip_is_made_anew(checkout: Path) -> None:
    _write_program(checkout / ".venv" / "bin" / "python", WITHOUT_PIP)

    assert _prepare(checkout, "") == [MAKE, f"{INSTALL}."]


def test_prepared_environment_that_lost_pip_is_made_anew(checkout: Path) -> None:
    _prepare(checkout, "test")
    _write_program(checkout / ".venv" / "bin" / "python", WITHOUT_PIP)

    assert _prepare(checkout, "") == [MAKE, f"{INSTALL}."]


@pytest.mark.parametrize("target", ["bench-cortex-m", "docs"])
def test_make_prepares_what_its_targets_run(checkout: Path, target: str) -> None:
    shutil.copy(ROOT / "Makefile", checkout)
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    (checkout / "docs").mkdir()
    # Packages of the system are another matter, and not to be installed by a test.
    _write_program(checkout / "tools" / "apt-get", "#!/bin/sh\nexit 1\n")
    environment = {**os.environ, "PATH": f"{checkout / 'tools'}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["make", "-s", target], cwd=checkout, env=environment, check=True)
    assert (checkout / "calls").read_text().splitlines() == [MAKE, f"{INSTALL}.[test]"]
