"""The emitted folder is written whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnc.codegen.folder import check_replaceable, write_folder
from cnnc.errors import UsageError


def _files(*names: str) -> dict[str, bytes]:
    report = json.dumps({"files": [*names, "report.json"]}).encode()
    return {**{name: name.encode() for name in names}, "report.json": report}


def test_writes_nested_files(tmp_path: Path) -> None:
    write_folder(tmp_path / "a" / "out", _files("src/x.c", "x.h").items())

    assert (tmp_path / "a" / "out" / "src" / "x.c").read_text() == "src/x.c"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]


def test_replaces_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("old.c").items())
    (out / "build").mkdir()
    (out / "build" / "old.o").write_bytes(b"")

    write_folder(out, _files("new.c").items())

    assert sorted(path.name for path in out.iterdir()) == ["build", "new.c", "report.json"]
    assert [path.name for path in (out / "build").iterdir()] == ["old.o"]


def test_refuses_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("...")

    with pytest.raises(UsageError, match="not empty and was not made by cnnc"):
        check_replaceable(tmp_path)


def test_refuses_to_delete_a_stranger_in_its_own_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c").items())
    (out / "notes.txt").write_text("mine")

    with pytest.raises(UsageError, match=r"holds 'notes.txt', which cnnc did not write"):
        write_folder(out, _files("x.c").items())

    assert (out / "notes.txt").read_text() == "mine"


def test_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(UsageError, match="is a file"):
        check_replaceable(tmp_path / "out")


def test_refuses_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be written"):
        write_folder(tmp_path / "file" / "out", _files("x.c").items())


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c").items())

    with pytest.raises(UsageError, match="cannot be written"):
        write_folder(out, {**_files("x.c"), "x.c/below-a-file": b""}.items())

    assert (out / "x.c").read_text() == "x.c"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _fail_renames(
    monkeypatch: pytest.MonkeyPatch, failing: Callable[[int], BaseException | None]
) -> None:
    rename = Path.rename
    done: list[Path] = []

    def replacement(self: Path, target: Path) -> Path:
        done.append(self)
        error = failing(len(done))
        if error is not None:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", replacement)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("error", "seen"), [(OSError("no"), UsageError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_a_failed_rename_leaves_the_old_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: BaseException,
    seen: type[BaseException],
) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c").items())
    _fail_renames(monkeypatch, lambda call: error if call == number else None)

    with pytest.raises(seen):
        write_folder(out, _files("new.c").items())

    assert (out / "x.c").read_text() == "x.c"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_interrupt_after_the_last_rename_leaves_the_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c").items())
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        if self.name == "new":
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_folder(out, _files("new.c").items())

    assert (out / "new.c").read_text() == "new.c"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_says_where_the_old_folder_is_if_it_cannot_be_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_folder(out, _files("x.c").items())
    _fail_renames(monkeypatch, lambda call: OSError("no") if call > 1 else None)

    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_folder(out, _files("new.c").items())

    (shelter,) = tmp_path.iterdir()
    assert str(shelter / "out") in caught.value.remedy
    assert (shelter / "out" / "x.c").read_text() == "x.c"
