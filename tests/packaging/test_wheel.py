"""The wheel carries what the compiler needs, the sdist what the tests need too."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = {
    "compiler/cnnc/": "cnnc/",
    "runtime/": "cnnc/_data/runtime/",
    "templates/": "cnnc/_data/templates/",
    "boards/": "cnnc/_data/boards/",
}


# What an unpacked sdist does without: settings of git and of the places it is developed in.
NOT_IN_SDIST = (".ci/", ".gitignore", ".pre-commit-config.yaml")


def _tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listing.stdout.splitlines() if (ROOT / name).exists()]


def _place_in_wheel(tracked: str) -> str | None:
    for source, destination in PLACES.items():
        if tracked.startswith(source):
            return destination + tracked.removeprefix(source)
    return None


def test_wheel_carries_every_tracked_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    # The build backend is a test dependency: no network is needed.
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)

    (wheel,) = tmp_path.glob("cnnc-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    expected = {place for name in _tracked() if (place := _place_in_wheel(name)) is not None}
    assert expected
    assert expected <= packed, f"missing from the wheel: {sorted(expected - packed)}"


def test_sdist_carries_every_tracked_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)

    (sdist,) = tmp_path.glob("cnnc-*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    expected = {name for name in _tracked() if not name.startswith(NOT_IN_SDIST)}
    assert "examples/fashion_mnist/resnet_s.onnx" in expected
    assert expected <= packed, f"missing from the sdist: {sorted(expected - packed)}"
