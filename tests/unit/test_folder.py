"""The emitted folder is written whole or not at all."""

import json
from pathlib import Path

import pytest

from cnnc.codegen.folder import check_replaceable, write_folder
from cnnc.errors import UsageError


def _files(*names: str) -> dict[str, bytes]:
    report = json.dumps({"files": [*names, "report.json"]}).encode()
    return {**{name: name.encode() for name in names}, "report.json": report}


def test_writes_nested_files(tmp_path: Path) -> None:
    write_folder(tmp_path / "a" / "out", _files("src/x.c", "x.h"))

    assert (tmp_path / "a" / "out" / "src" / "x.c").read_text() == "src/x.c"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]


def test_replaces_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("old.c"))
    (out / "build").mkdir()
    (out / "build" / "old.o").write_bytes(b"")

    write_folder(out, _files("new.c"))

    assert sorted(path.name for path in out.iterdir()) == ["new.c", "report.json"]


def test_refuses_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("...")

    with pytest.raises(UsageError, match="not empty and was not made by cnnc"):
        check_replaceable(tmp_path)


def test_refuses_to_delete_a_stranger_in_its_own_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c"))
    (out / "notes.txt").write_text("mine")

    with pytest.raises(UsageError, match=r"holds 'notes.txt', which cnnc did not write"):
        write_folder(out, _files("x.c"))

    assert (out / "notes.txt").read_text() == "mine"


def test_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(UsageError, match="is a file"):
        check_replaceable(tmp_path / "out")


def test_refuses_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be written"):
        write_folder(tmp_path / "file" / "out", _files("x.c"))


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c"))

    with pytest.raises(UsageError, match="cannot be written"):
        write_folder(out, {**_files("x.c"), "x.c/below-a-file": b""})

    assert (out / "x.c").read_text() == "x.c"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
