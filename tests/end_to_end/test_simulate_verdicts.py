"""Exit statuses of ``cnnc simulate`` and ``evaluate``: 0 only where values were compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.compiling import no_progress
from tests.support.emitted import spoil_first_bias
from tests.support.onnx_networks import IMAGE, write_classifier

from cnnc.cli import main
from cnnc.codegen.tflite import NotCompared
from cnnc.ir.types import AnyArray
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator import tflite_engine, tflite_runtime
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Observation
from cnnc.simulator.onnx_runtime import OnnxSession


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier for this machine; not to be changed."""
    folder = tmp_path_factory.mktemp("compiled")
    options = CompileOptions(
        model=write_classifier(folder / "classifier.onnx"), output=folder / "out"
    )
    directory, _ = compile_to_folder(options, no_progress, print)
    return directory


@pytest.fixture
def copy(compiled: Path, tmp_path: Path) -> Path:
    """A copy of the compiled folder that a test may damage."""
    return Path(shutil.copytree(compiled, tmp_path / "copy"))


def _json(capsys: pytest.CaptureFixture[str], status: int, *arguments: str | Path) -> Any:  # noqa: ANN401 (JSON)
    found = main([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert found == status, captured
    return json.loads(captured.out)


def _insert_into_run(directory: Path, statement: str) -> None:
    source = directory / "src" / "classifier.c"
    text = source.read_text(encoding="utf-8")
    begin = text.index("{", text.index("classifier_run(")) + 1
    source.write_text(f"{text[:begin]}{statement}{text[begin:]}", encoding="utf-8")


CRASH = "{ volatile int8_t *nowhere = (int8_t *)8; *nowhere = 1; }"


def test_crash_of_the_c_is_one_error(capsys: pytest.CaptureFixture[str], copy: Path) -> None:
    _insert_into_run(copy, CRASH)
    error = _json(capsys, 1, "simulate", copy, "--engines", "host")["error"]
    assert "crashed: Segmentation fault" in error["problem"]
    assert error["remedy"]


def test_other_engines_are_reported_beside_a_crash(
    capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    _insert_into_run(copy, CRASH)
    arguments = ["simulate", str(copy), "--engines", "host,tflite,float", "--random", "2"]
    engines = _json(capsys, 1, *arguments)["engines"]
    assert "crashed: Segmentation fault" in engines["host"]["failed"]
    assert engines["host"]["bit_exact"] is False
    assert engines["tflite"]["bit_exact"] is True
    assert engines["tflite"]["failed"] is None
    assert engines["float"]["sqnr_db"] > 0
    assert main(arguments) == 1
    printed = capsys.readouterr().out
    assert "host: the emitted C failed: it crashed: Segmentation fault" in printed
    assert "FAILED" in printed
    assert "nothing was compared" not in printed


def test_engine_whose_c_does_not_compile_leaves_the_others(
    capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    _insert_into_run(copy, "no_such_function_or_type here;")
    engines = _json(capsys, 1, "simulate", copy, "--random", "1")["engines"]
    assert "does not compile with" in engines["host"]["failed"]
    assert engines["tflite"]["bit_exact"] is True


def test_crash_in_evaluate_is_one_error(
    capsys: pytest.CaptureFixture[str], copy: Path, tmp_path: Path
) -> None:
    _insert_into_run(copy, CRASH)
    np.savez(tmp_path / "d.npz", x=np.zeros((3, *IMAGE), dtype=np.float32))
    error = _json(capsys, 1, "evaluate", copy, "--data", tmp_path / "d.npz")["error"]
    assert "crashed: Segmentation fault" in error["problem"]


def test_finding_of_a_sanitizer(capsys: pytest.CaptureFixture[str], copy: Path) -> None:
    _insert_into_run(copy, "{ volatile int one = 1; int8_t few[2]; few[one + 1] = 1; (void)few; }")
    error = _json(capsys, 1, "simulate", copy, "--sanitize", "--engines", "host")["error"]
    assert "runtime error" in error["problem"]
    assert "classifier.c" in error["problem"]


def test_c_that_does_not_compile(capsys: pytest.CaptureFixture[str], copy: Path) -> None:
    _insert_into_run(copy, "no_such_function_or_type here;")
    error = _json(capsys, 1, "simulate", copy, "--engines", "host")["error"]
    assert "does not compile with" in error["problem"]
    assert "no_such_function_or_type" in error["problem"]


def test_wrong_outputs(capsys: pytest.CaptureFixture[str], copy: Path) -> None:
    spoil_first_bias(copy)
    document = _json(capsys, 1, "simulate", copy, "--random", "2")
    assert document["engines"]["host"]["mismatched_values"] > 0


@pytest.mark.parametrize("engines", ["target", "host,target"])
def test_target_of_a_folder_for_this_machine(
    capsys: pytest.CaptureFixture[str], compiled: Path, engines: str
) -> None:
    error = _json(capsys, 2, "simulate", compiled, "--engines", engines)["error"]
    assert "no target to emulate" in error["problem"]


def test_float_alone_measures(capsys: pytest.CaptureFixture[str], compiled: Path) -> None:
    document = _json(capsys, 0, "simulate", compiled, "--engines", "float", "--random", "2")
    assert document["engines"]["float"]["sqnr_db"] > 0
    assert document["engines"]["float"]["identical"] is False


class MuteEngine(tflite_engine.TfliteEngine):
    """TFLite, were it without a form of any layer."""

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """Every layer."""
        return tuple(NotCompared(n.name, n.op.kind, "no form") for n in self._model.nodes)

    def observe(self, chunk: Chunk) -> Observation:
        """Show nothing."""
        del chunk
        return Observation({}, ())


def test_engine_that_compared_nothing_is_not_equal(
    capsys: pytest.CaptureFixture[str], compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tflite_engine, "TfliteEngine", MuteEngine)
    arguments = ["simulate", str(compiled), "--random", "1", "--engines"]
    assert main([*arguments, "host,tflite"]) == 1
    printed = capsys.readouterr().out
    assert "nothing was compared by: tflite" in printed
    assert "no form" in printed
    # Without its name it is one judge of several.
    assert main(arguments[:-1]) == 0


class BrokenEngine(tflite_engine.TfliteEngine):
    """TFLite, were the inputs not what its graph takes."""

    def _operands(self, chunk: Chunk) -> list[AnyArray]:
        return [array[..., :-1] for array in super()._operands(chunk)]


def test_other_engines_are_reported_beside_a_runtime_that_fails(
    capsys: pytest.CaptureFixture[str], compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tflite_engine, "TfliteEngine", BrokenEngine)
    arguments = ("simulate", compiled, "--random", "1", "--engines")
    engines = _json(capsys, 1, *arguments, "host,tflite")["engines"]
    assert engines["host"]["bit_exact"] is True
    assert "Cannot set tensor" in engines["tflite"]["failed"]
    assert "Cannot set tensor" in _json(capsys, 3, *arguments, "tflite")["error"]["problem"]


def test_nothing_to_compare_with_at_all(
    capsys: pytest.CaptureFixture[str], compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tflite_runtime, "installed_runtimes", tuple)
    assert main(["simulate", str(compiled), "--random", "1"]) == 1
    assert "nothing was compared by: host, target, tflite" in capsys.readouterr().out


def test_sanitizers_without_a_compiler_are_a_missing_tool(
    capsys: pytest.CaptureFixture[str], compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    error = _json(capsys, 3, "simulate", compiled, "--sanitize")["error"]
    assert "install" in error["remedy"]


@pytest.mark.parametrize(
    ("factor", "text"),
    [(1.0, "no difference in the output"), (0.0, "as the float output is 0 everywhere")],
)
def test_distance_without_a_number(
    capsys: pytest.CaptureFixture[str],
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
    factor: float,
    text: str,
) -> None:
    def exact(session: OnnxSession, batch: object) -> list[np.ndarray[Any, Any]]:
        del session, batch
        scores = np.full((1, 1, 5), 51 / 256, dtype=np.float32)
        return [scores * np.float32(factor)]

    # Both sides give the same five scores, as a network could that int8 holds exactly.
    monkeypatch.setattr(OnnxSession, "run", exact)
    monkeypatch.setattr("cnnc.simulator.distance.original_tensor", _fifths)
    assert main(["simulate", str(compiled), "--random", "1", "--engines", "float"]) == 0
    assert text in capsys.readouterr().out


def _fifths(model: object, port: object, stored: object) -> np.ndarray[Any, Any]:
    del model, port, stored
    return np.full((1, 1, 5), 51 / 256, dtype=np.float32)
