"""The example program of a project under an operating system: files in, results out."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.emitted import golden_of, write_project
from tests.support.example_program import build_example, complaint_of, run_example
from tests.support.quant_networks import (
    branching_network,
    chain_network,
    dense,
    random_inputs,
    real_network,
)

from cnnc.importer.data import from_storage, to_storage
from cnnc.ir.quant_model import QuantModel, QuantValue
from cnnc.ir.types import F32, AnyArray, Shape
from cnnc.ops.reshape import QuantReshape
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.simulator.reference import run_reference

STORED = (1, 3, 4, 2)
ORIGINAL = (1, 2, 3, 4)


def scores_network() -> QuantModel:
    """Return the chain with eight scores instead of three."""
    chain = chain_network()
    last = replace(chain.nodes[-1], op=dense(12, 8))
    values = {**chain.values, "y": QuantValue((1, 8), chain.values["y"].quantization)}
    port = replace(chain.outputs[0], onnx_shape=(1, 8))
    return replace(chain, nodes=(*chain.nodes[:-1], last), values=values, outputs=(port,))


MODEL = scores_network()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_example(write_project(tmp_path_factory.mktemp("chain"), MODEL))


def _save(folder: Path, array: AnyArray, name: str = "in.npy") -> Path:
    np.save(folder / name, array)
    return folder / name


def _netpbm(folder: Path, pixels: AnyArray, header: str) -> Path:
    (folder / "in.ppm").write_bytes(header.encode("ascii") + pixels.tobytes())
    return folder / "in.ppm"


def _scores(stored: AnyArray) -> AnyArray:
    scores: AnyArray = run_reference(MODEL, {"x": stored[None]})["y"][0]
    return scores


def _scores_of_reals(real: F32) -> AnyArray:
    stored = to_storage(MODEL.inputs[0], real[None])
    return _scores(quantize_real(stored, MODEL.values["x"].quantization)[0])


@pytest.mark.parametrize("shape", [STORED, STORED[1:]])
def test_quantized_tensor(tmp_path: Path, program: Path, shape: tuple[int, ...]) -> None:
    stored = random_inputs(MODEL, seed=3)["x"][0]
    given = _save(tmp_path, stored.reshape(shape))
    run_example(program, given, "--output", tmp_path / "out.npy", "--stored")
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == np.int8
    np.testing.assert_array_equal(written, _scores(stored))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_tensor_in_the_order_of_the_model(
    tmp_path: Path, program: Path, dtype: type[np.generic]
) -> None:
    real = np.random.default_rng(4).uniform(-7, 7, ORIGINAL).astype(dtype)
    run_example(program, _save(tmp_path, real), "--output", tmp_path / "out.npy")
    expected = dequantize(_scores_of_reals(real.astype(np.float32)), MODEL.values["y"].quantization)
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == np.float32
    np.testing.assert_array_equal(written, expected)


def test_five_largest_scores(tmp_path: Path, program: Path) -> None:
    stored = random_inputs(MODEL, seed=5)["x"][0]
    scores = _scores(stored).reshape(-1)
    best = np.argsort(-scores.astype(int), kind="stable")[:5]
    title, *rows = run_example(program, _save(tmp_path, stored))
    assert title == ["output:", "the", "5", "largest", "of", "8"]
    assert [int(row[0]) for row in rows] == best.tolist()
    reals = dequantize(scores[best], MODEL.values["y"].quantization)
    assert [float(row[1]) for row in rows] == pytest.approx(reals.tolist(), rel=1e-6)


@pytest.mark.parametrize("scaling", [{}, {"mean": [0.5], "std": [0.1]}, {"mean": [0.3, 0.6]}])
@pytest.mark.parametrize("shape", [STORED, STORED[1:]])
def test_pixels_of_a_tensor(
    tmp_path: Path, program: Path, shape: tuple[int, ...], scaling: dict[str, list[float]]
) -> None:
    pixels = np.random.default_rng(6).integers(0, 256, shape, dtype=np.uint8)
    mean, std = (
        np.array(scaling.get(key, [default])) for key, default in (("mean", 0), ("std", 1))
    )
    real = ((pixels.reshape(STORED) / 255.0 - mean) / std).astype(np.float32)
    options = [f for key in scaling for f in (f"--{key}", ",".join(map(str, scaling[key])))]
    given = _save(tmp_path, pixels)
    run_example(program, given, *options, "--output", tmp_path / "out.npy", "--stored")
    expected = _scores_of_reals(from_storage(MODEL.inputs[0], real[None])[0])
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_picture(tmp_path: Path, channels: int) -> None:
    """A picture and the same pixels in a .npy give the same bytes."""
    chain = chain_network()
    shape = (1, 3, 4, channels)
    sizes: dict[str, Shape] = {
        "x": shape,
        "pooled": (1, 2, 3, channels),
        "curved": (1, 2, 3, channels),
    }
    sizes["flat"] = (1, 6 * channels)
    model = replace(
        chain,
        nodes=(
            *chain.nodes[:2],
            replace(chain.nodes[2], op=QuantReshape((1, 6 * channels))),
            replace(chain.nodes[3], op=dense(6 * channels, 3)),
        ),
        values={**chain.values, **{k: replace(chain.values[k], shape=s) for k, s in sizes.items()}},
        inputs=(replace(chain.inputs[0], onnx_shape=(1, channels, 3, 4)),),
    )
    program = build_example(write_project(tmp_path / "p", model))
    pixels = np.random.default_rng(7).integers(0, 256, shape[1:], dtype=np.uint8)
    kind = "P6" if channels == 3 else "P5"
    picture = _netpbm(tmp_path, pixels, f"{kind}\n# made of noise\n4 3 # wide\n255\n")
    outputs = []
    for given in (picture, _save(tmp_path, pixels)):
        run_example(program, given, "--std", "0.2", "--output", tmp_path / "out.npy")
        outputs.append(np.load(tmp_path / "out.npy").tobytes())
    assert outputs[0] == outputs[1]
    wrong = "P5" if channels == 3 else "P6"
    given = _netpbm(tmp_path, np.zeros((3, 4, 4 - channels), np.uint8), f"{wrong} 4 3 255\n")
    assert f"'input' takes uint8 [1][3][4][{channels}]" in complaint_of(program, [given])


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    model = branching_network()
    program = build_example(write_project(tmp_path / "p", model))
    inputs = random_inputs(model, seed=8)
    given = [_save(tmp_path, inputs[key][0], f"{key}.npy") for key in ("a", "b")]
    places = [tmp_path / "p.npy", tmp_path / "q.npy"]
    saves = [word for place in places for word in ("--output", place)]
    run_example(program, *given, *saves, "--stored")
    values = run_reference(model, inputs)
    for place, key in zip(places, ("square", "total"), strict=True):
        np.testing.assert_array_equal(np.load(place), values[key][0])
    assert "one INPUT for each" in complaint_of(program, given[:1])
    assert "more often than there are outputs" in complaint_of(program, [*given, *saves, *saves])


def test_real_numbers_and_indices(tmp_path: Path) -> None:
    model = real_network()
    program = build_example(write_project(tmp_path / "p", model))
    real = np.random.default_rng(9).normal(size=ORIGINAL).astype(np.float32)
    values = run_reference(model, {"x": to_storage(model.inputs[0], real[None])})
    places = [tmp_path / "y.npy", tmp_path / "i.npy"]
    saves = [word for place in places for word in ("--output", place)]
    table = run_example(program, _save(tmp_path, real), *saves)
    for place, key in zip(places, ("y", "index"), strict=True):
        written = np.load(place)
        assert written.dtype == values[key].dtype
        np.testing.assert_array_equal(written, values[key][0])
    assert table[-1] == ["0", str(values["index"].item())]


@pytest.mark.parametrize("mmap", ["-DCNNC_HAS_MMAP=1", "-DCNNC_HAS_MMAP=0"])
def test_weights_of_a_file(tmp_path: Path, mmap: str) -> None:
    project = write_project(tmp_path / "p", MODEL, "file")
    program = build_example(project, mmap)
    weights = project / "src" / "chain_weights.bin"
    lines = run_example(program, "--weights", weights)
    assert lines[-1] == ["selftest", "ok"]
    stored = golden_of(MODEL).outputs[0].reshape(-1).tolist()
    assert [int(line[1]) for line in lines[1:-1]] == stored
    content = weights.read_bytes()
    for wrong in (content[:-1], content + b"\0", b"\1" + content[1:]):
        (tmp_path / "wrong.bin").write_bytes(wrong)
        assert "the weights are" in complaint_of(program, ["--weights", tmp_path / "wrong.bin"])
    assert "cannot be read" in complaint_of(program, ["--weights", tmp_path / "absent.bin"])


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((1, 2, 3, 5), np.float32), "is float32 [1][2][3][5], but 'input' takes float32"),
        (np.zeros(ORIGINAL, np.int8), "'input' takes int8 [1][3][4][2]"),
        (np.zeros(ORIGINAL, np.int32), "is int32 [1][2][3][4], but 'input' takes float32"),
        (np.zeros(ORIGINAL, np.float32).T.copy().T, "numpy.ascontiguousarray"),
        (np.zeros(ORIGINAL, ">f4"), "in little-endian order"),
        (np.zeros(ORIGINAL, np.complex64), "holds neither integers nor float32"),
        (np.zeros((0, 4), np.float32), "has no elements"),
    ],
)
def test_tensor_that_does_not_fit(
    tmp_path: Path, program: Path, array: AnyArray, words: str
) -> None:
    given = _save(tmp_path, array)
    assert words in complaint_of(program, [given])


def test_file_that_is_damaged(tmp_path: Path, program: Path) -> None:
    """No prefix of a file, and no byte too many, is taken or read beyond."""
    content = _save(tmp_path, np.zeros(STORED, np.int8)).read_bytes()
    damaged = tmp_path / "damaged.npy"
    for size in (0, 1, 5, 8, 9, 11, 64, 127, len(content) - 1):
        damaged.write_bytes(content[:size])
        assert str(damaged) in complaint_of(program, [damaged])
    damaged.write_bytes(content + b"\0")
    assert "goes on after its last element" in complaint_of(program, [damaged])


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (b"(99999999999999999999999,)", "makes no sense"),
        (b"(4294967296, 4294967296, 9)", "more than memory could hold"),
        (b"(-1,)", "makes no sense"),
        (b"(1 2)", "makes no sense"),
        (b"(1,", "makes no sense"),
        (b"(" + b"1, " * 33 + b")", "too many axes"),
        (b"7", "has no shape"),
    ],
)
def test_shape_that_is_damaged(tmp_path: Path, program: Path, shape: bytes, words: str) -> None:
    header = b"{'descr': '|i1', 'fortran_order': False, 'shape': " + shape
    prefix = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    (tmp_path / "x.npy").write_bytes(prefix + header + bytes(24))
    assert words in complaint_of(program, [tmp_path / "x.npy"])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("P3\n4 3\n255\n", "neither a .npy file nor a binary PPM"),
        ("P6\n4 3\n65535\n", "do not go from 0 to 255"),
        ("P6\n4 0\n255\n", "makes no sense"),
        ("P6\n4 9999999999\n255\n", "makes no sense"),
        ("P6\n4 # 3", "makes no sense"),
        ("P6\n4 3\n255\n", "ends before its last element"),
    ],
)
def test_picture_that_is_damaged(tmp_path: Path, program: Path, header: str, words: str) -> None:
    given = _netpbm(tmp_path, np.zeros(35, np.uint8), header)
    assert words in complaint_of(program, [given])


def test_options_that_make_no_sense(tmp_path: Path, program: Path) -> None:
    real = _save(tmp_path, np.zeros(ORIGINAL, np.float32))
    pixels = _save(tmp_path, np.zeros(STORED, np.uint8), "pixels.npy")
    for arguments, words in (
        ([real, "--mean", "0.5"], "are for pixels"),
        ([pixels, "--std", "0"], "other than 0"),
        ([pixels, "--mean", "0.5,"], "takes numbers"),
        ([pixels, "--mean", "nan"], "takes numbers"),
        ([pixels, "--mean", "1,2,3"], "another number of channels"),
        ([pixels, "--mean", ",".join(["1"] * 33)], "too many numbers"),
        ([pixels, "--scale", "2"], "is no option"),
        ([pixels, "--weights", "x"], "is no option"),
        ([pixels, "--mean"], "lacks its value"),
        ([pixels, pixels], "takes one INPUT"),
        ([pixels, "--stored"], "which is not given"),
        (["--output", "x.npy"], "needs an INPUT"),
        (["--mean", "0.5"], "need an INPUT"),
        ([tmp_path / "absent.npy"], "cannot be read: No such file or directory"),
        ([pixels, "--output", tmp_path / "absent" / "x.npy"], "cannot be written"),
    ):
        assert words in complaint_of(program, arguments)


def test_a_file_that_cannot_be_written_as_a_whole_is_removed(tmp_path: Path, program: Path) -> None:
    pixels, output = tmp_path / "pixels.npy", tmp_path / "output.npy"
    np.save(pixels, np.zeros(STORED[1:], np.uint8))
    # No file may become longer than 0 bytes.
    shell = 'trap "" XFSZ; ulimit -f 0; exec "$@"'
    command = ["sh", "-c", shell, "sh", str(program), str(pixels), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "could not be written as a whole: File too large" in done.stderr
    assert not output.exists()


def test_help_says_what_goes_in(program: Path) -> None:
    text = [" ".join(line) for line in run_example(program, "--help")]
    assert text[0] == "usage: chain_example [options] INPUT..."
    assert text[-1] == "input: float32 [1][2][3][4], stored as int8 [1][3][4][2]"
