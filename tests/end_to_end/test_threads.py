"""Programs whose layers several threads share: the same bytes, and no race."""

import json
import sysconfig
from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.emitted import C_FLAGS, include_flags, run_tool, sources

from cnnc.cli import main
from cnnc.ir.types import Dtype
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.run import SimulationRequest, simulate

MODEL = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"


def _compile(
    folder: Path,
    target: str,
    threads: int,
    dtype: Dtype = "int8",
    ram_bytes: int | None = None,
) -> Path:
    request = CompileOptions(
        model=MODEL,
        output=folder,
        target=target,
        name="net",
        threads=threads,
        dtype=dtype,
        ram_bytes=ram_bytes,
    )
    compile_to_folder(request, no_progress, print)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _compile(tmp_path_factory.mktemp("threads") / "p", "rpi2", 3)


def test_every_engine_agrees(project: Path) -> None:
    request = SimulationRequest(random=2, engines=("host", "target"), profile=True)
    document = simulate(project, request).to_json()
    for engine in document["engines"].values():
        assert engine["bit_exact"], engine
    profile = document["engines"]["target"]["profile"]
    report = json.loads((project / "report.json").read_text())
    assert len(profile) == len(report["layers"])
    assert report["threads"] == 3


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_sanitizers_find_nothing(project: Path, sanitizer: str) -> None:
    files = [project / "main.c", *(project / "example").glob("*.c"), *sources(project)]
    flags = ["-O1", "-g", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"]
    program = project / "build" / sanitizer
    program.parent.mkdir(exist_ok=True)
    run_tool(
        ["gcc", *C_FLAGS, *flags, *include_flags([project]), *files, "-pthread", "-o", program]
    )
    assert run_tool([program]).decode().endswith("selftest ok\n")


def test_make_and_cmake_link_threads(project: Path) -> None:
    make = ["make", "-s", "-C", project, "run"]
    assert run_tool(make).decode().endswith("selftest ok\n")
    build = project / "build" / "cmake"
    run_tool(["cmake", "-S", project, "-B", build])
    run_tool(["cmake", "--build", build])
    assert run_tool([build / "net_example"]).decode().endswith("selftest ok\n")


@pytest.mark.parametrize(
    ("threads", "dtype", "words"), [(1, "int8", ""), (3, "float32", "no layer is worth sharing")]
)
def test_one_thread_is_the_code_without(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    threads: int,
    dtype: Dtype,
    words: str,
) -> None:
    """As are the threads of a network without a layer that they could share."""
    folder = _compile(tmp_path / "p", "rpi2", threads, dtype)
    assert words in caplog.text
    assert json.loads((folder / "report.json").read_text())["threads"] == 1
    for path in folder.rglob("*.[ch]"):
        assert "pthread" not in path.read_text(encoding="utf-8"), path
    assert not (folder / "include" / "cnnc_threads.h").exists()


def test_fewer_threads_share_where_memory_is_short(
    project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each part of a layer has scratch memory of its own."""
    arena = {3: _arena(project)}
    arena[1] = _arena(_compile(tmp_path / "one", "rpi2", 1))
    arena[2] = _arena(_compile(tmp_path / "two", "rpi2", 2))
    assert arena[1] < arena[2] < arena[3]
    for threads, words in ((2, "threads: 2 share the layers"), (1, "the code has none")):
        folder = _compile(tmp_path / f"p{threads}", "rpi2", 3, ram_bytes=arena[threads])
        assert json.loads((folder / "report.json").read_text())["threads"] == threads
        assert _arena(folder) == arena[threads]
        assert words in caplog.text


def _arena(project: Path) -> int:
    return int(json.loads((project / "report.json").read_text())["ram_bytes"]["arena"])


def test_code_is_formatted_and_compiles_as_cpp(project: Path) -> None:
    for compiler in ("g++", "clang++"):
        for source in (project / "src").glob("*.c"):
            flags = ["-x", "c++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
            run_tool([compiler, *flags, *include_flags([project]), "-fsyntax-only", source])
    style = f"--style=file:{Path(__file__).parents[2] / '.clang-format'}"
    own = [
        path
        for folder in ("src", "include", "example")
        for path in (project / folder).glob("*.[ch]")
    ]
    clang_format = Path(sysconfig.get_path("scripts"), "clang-format")
    run_tool([clang_format, style, "--dry-run", "--Werror", *own])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "cortex-m4", "--threads", "2"], "no operating system"),
        (["--target", "rpi", "--threads", "17"], "more than the 16"),
        (["--target", "rpi", "--threads", "0"], "at least 1"),
    ],
)
def test_threads_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["compile", str(MODEL), "-o", str(tmp_path / "p"), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "p").exists()
