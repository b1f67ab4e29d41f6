"""The shipped example, through the command line as a user would run it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnnc.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist"
MODEL = EXAMPLE / "resnet_s.onnx"
CALIBRATION = EXAMPLE / "calibration.npz"
TEST_DATA = EXAMPLE / "test.npz"

# Counted once and guarded: an increase is a regression of the memory plan or of the emitter.
ARENA_BYTES = 16_512
WEIGHT_BYTES = 168_324
"""In two orders: for all processors of the target, and for those with dot products."""


def _run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:  # noqa: ANN401 (JSON)
    status = main([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


def _compile(capsys: pytest.CaptureFixture[str], out: Path, *more: str) -> Any:  # noqa: ANN401
    return _run(
        capsys, "compile", MODEL, "--target", "rpi", "--calibration", CALIBRATION, "-o", out, *more
    )


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_report_has_the_fixed_keys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report = _compile(capsys, tmp_path / "out")

    assert report["model"]["inputs"] == [
        {
            "name": report["model"]["inputs"][0]["name"],
            "shape": [1, 1, 28, 28],
            "c_shape": [1, 28, 28, 1],
            "c_layout": "NHWC",
            "dtype": "int8",
            "scale": pytest.approx(1 / 255, rel=1e-6),
            "zero_point": -128,
        }
    ]
    assert report["target"] == {"name": "rpi", "core": "armv8-a", "isa": "aarch64"}
    assert report["macs"] == 2_636_672
    assert report["ram_bytes"]["arena"] <= ARENA_BYTES
    assert report["flash_bytes"]["weights"] <= WEIGHT_BYTES
    assert sum(layer["macs"] for layer in report["layers"]) == report["macs_effective"]
    assert min(layer["sqnr_db"] for layer in report["layers"]) > 25
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    assert sorted(report["files"]) == sorted(_content(tmp_path / "out"))


def test_two_compiles_give_the_same_bytes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _compile(capsys, tmp_path / "one")
    _compile(capsys, tmp_path / "two")

    assert _content(tmp_path / "one") == _content(tmp_path / "two")


def test_bytes_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    for threads in ("1", "2"):
        command = [
            sys.executable,
            "-m",
            "cnnc",
            "compile",
            str(MODEL),
            "-o",
            str(tmp_path / threads),
        ]
        subprocess.run(
            [*command, "--calibration", str(CALIBRATION)],
            check=True,
            capture_output=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
        )

    assert _content(tmp_path / "1") == _content(tmp_path / "2")


def test_no_path_or_host_name_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _compile(capsys, tmp_path / "out")

    everything = b"".join(_content(tmp_path / "out").values())
    assert str(tmp_path).encode() not in everything
    assert str(EXAMPLE).encode() not in everything


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_engines_agree_and_accuracy_holds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rounding: str
) -> None:
    out = tmp_path / "out"
    _compile(capsys, out, "--rounding", rounding)

    simulated = _run(capsys, "simulate", out, "--inputs", TEST_DATA, "--limit", "20")
    engines = simulated["engines"]
    assert simulated["inputs"] == 20
    assert engines["host"]["bit_exact"]
    assert engines["target"]["bit_exact"]
    # What a processor with dot products runs, in plain C here and on such a processor.
    assert engines["host neon_dot"]["bit_exact"]
    assert engines["target neon_dot"]["bit_exact"]
    counts = [engines[name]["instructions_per_inference"] for name in ("target neon_dot", "target")]
    assert counts[0] < 0.6 * counts[1]
    assert engines["tflite"]["mismatched_values"] == 0
    # XNNPACK, the judge of single rounding, cannot tell a few ties and leaves their layers out.
    assert engines["tflite"]["layers_compared"] >= (16 if rounding == "double" else 10)
    assert engines["tflite"]["bit_exact"]
    assert engines["float"]["top1_agreement"] >= 0.95

    scores = _run(capsys, "evaluate", out, "--data", TEST_DATA)
    assert scores["samples"] == 1000
    assert scores["engine"] == "host"
    assert scores["float"] > 0.92
    assert scores["drop_points"] <= 0.5


def test_two_models_link_into_one_program(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sources: list[str] = []
    for name, rounding in (("first", "double"), ("second", "single")):
        out = tmp_path / name
        _compile(capsys, out, "--name", name, "--rounding", rounding)
        sources += [f"-I{out}/include", f"-I{out}/src", f"-I{out}/src/cnnc"]
        sources += [str(path) for path in sorted((out / "src").glob("*.c"))]
    program = tmp_path / "both.c"
    program.write_text(
        '#include "first.h"\n#include "second.h"\n'
        "static uint8_t a[FIRST_ARENA_BYTES] __attribute__((aligned(16)));\n"
        "static uint8_t b[SECOND_ARENA_BYTES] __attribute__((aligned(16)));\n"
        "int main(void) {\n    struct first_context f;\n    struct second_context s;\n"
        "    if (first_init(&f, a, sizeof a) || second_init(&s, b, sizeof b)) {\n"
        "        return 2;\n    }\n"
        "    return first_selftest(&f) || second_selftest(&s);\n}\n"
    )
    compiler = shutil.which("gcc")
    assert compiler is not None
    binary = tmp_path / "both"
    subprocess.run(
        [
            compiler,
            "-std=c99",
            "-O1",
            "-Wall",
            "-Werror",
            str(program),
            *sources,
            "-o",
            str(binary),
        ],
        check=True,
    )

    assert subprocess.run([str(binary)], check=False).returncode == 0


def test_evaluate_takes_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    scores = _run(
        capsys,
        "evaluate",
        MODEL,
        "--data",
        TEST_DATA,
        "--calibration",
        CALIBRATION,
        "--limit",
        "50",
    )

    assert scores["samples"] == 50
    assert set(scores) == {"samples", "engine", "metric", "float", "int8", "drop_points"} | {
        "dtype",
        "float32",
        "inputs",
        "labelled",
        "outputs",
    }


@pytest.mark.parametrize("stage", ["import", "simplify", "quantize", "optimize", "plan"])
def test_dump_after_prints_the_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, stage: str
) -> None:
    arguments = ["compile", str(MODEL), "-o", str(tmp_path / "out"), "--dump-after", stage]
    assert main(arguments) == 0

    assert "/0/0.0/Conv" in capsys.readouterr().out


def test_inspect_lists_nodes_and_macs(capsys: pytest.CaptureFixture[str]) -> None:
    document = _run(capsys, "inspect", MODEL)

    assert document["supported"]
    assert document["macs"] == 2_636_672
    assert {node["op"] for node in document["nodes"]} >= {"Conv", "BatchNormalization", "Gemm"}
    assert all(node["unsupported"] is None for node in document["nodes"])


def test_boards_and_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert {entry["name"] for entry in _run(capsys, "boards")["targets"]} >= {"rpi", "host"}
    assert _run(capsys, "boards", "rpi")["targets"][0]["core"]["isa"] == "aarch64"
    tools = {entry["name"]: entry for entry in _run(capsys, "doctor")["tools"]}
    assert tools["gcc"]["found"]
