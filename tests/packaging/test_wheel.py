"""The wheel carries every tracked file that the compiler needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = {
    "compiler/cnnc/": "cnnc/",
    "runtime/": "cnnc/_data/runtime/",
    "templates/": "cnnc/_data/templates/",
    "boards/": "cnnc/_data/boards/",
}


def _place_in_wheel(tracked: str) -> str | None:
    for source, destination in PLACES.items():
        if tracked.startswith(source):
            return destination + tracked.removeprefix(source)
    return None


def test_wheel_carries_every_tracked_file(tmp_path: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    # The build backend is a test dependency: no network is needed.
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)

    (wheel,) = tmp_path.glob("cnnc-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    tracked = listing.stdout.splitlines()
    expected = {place for name in tracked if (place := _place_in_wheel(name)) is not None}
    assert expected
    assert expected <= packed, f"missing from the wheel: {sorted(expected - packed)}"
