"""The Python module of an emitted project, built by setuptools and used in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.compiling import no_progress
from tests.support.emitted import write_project
from tests.support.quant_networks import branching_network, chain_network, random_inputs

from cnnc.importer.data import to_storage
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.simulator.folder import open_folder
from cnnc.simulator.reference import run_reference

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist"
SAMPLES = 12


def _build(project: Path) -> Path:
    """Return the folder with the module; its relative name is one in the caller's folder."""
    library = project / "build" / "module"
    setup = project / "python" / "setup.py"
    _python([setup, "-q", "build_ext", "--build-lib", "build/module"], folder=project)
    return library


def _python(
    arguments: list[object], library: Path | None = None, folder: Path | None = None
) -> str:
    environment = {**os.environ, "PYTHONPATH": str(library or "")}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, QuantModel]:
    folder = tmp_path_factory.mktemp("example") / "net"
    request = CompileOptions(
        model=EXAMPLE / "resnet_s.onnx", output=folder, calibration=EXAMPLE / "calibration.npz"
    )
    compile_to_folder(request, no_progress, print)
    return _build(folder), open_folder(folder).model


IMAGES = """
import sys, threading
import numpy
import resnet_s

resnet_s.selftest()
assert resnet_s.inputs[0]["shape"] == (1, 1, 28, 28)
assert resnet_s.inputs[0]["stored_shape"] == (1, 28, 28, 1)
assert resnet_s.outputs[0]["dtype"] == "float32"
assert resnet_s.outputs[0]["zero_point"] == int(sys.argv[3])
images = numpy.load(sys.argv[1])
results = numpy.zeros((len(images), 1, 10), numpy.int8)

def work(network, first):
    for index in range(first, len(images), 4):
        results[index] = network.run(images[index], stored=True)

# Two threads with networks of their own, two that share the module's.
networks = [resnet_s.Network(), resnet_s.Network(), resnet_s, resnet_s]
threads = [threading.Thread(target=work, args=pair) for pair in zip(networks, range(4))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
numpy.save(sys.argv[2], results)
real = resnet_s.run(images[0])
assert (real.format, real.shape) == ("f", (1, 10))
numpy.save(sys.argv[2].replace("out", "real"), numpy.asarray(real))
"""


def test_images_of_the_example(tmp_path: Path, example: tuple[Path, QuantModel]) -> None:
    library, model = example
    images = np.load(EXAMPLE / "test.npz")["x"][:SAMPLES, None].astype(np.float32)
    np.save(tmp_path / "in.npy", images)
    port, out = model.inputs[0], model.outputs[0].value
    described = model.values[out].quantization
    arguments = [tmp_path / "in.npy", tmp_path / "out.npy", described.zero_point]
    _python(["-c", IMAGES, *arguments], library)
    stored = quantize_real(to_storage(port, images), model.values[port.value].quantization)
    expected: AnyArray = run_reference(model, {port.value: stored})[out]
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    np.testing.assert_array_equal(
        np.load(tmp_path / "real.npy"), dequantize(expected[0], described)
    )


KINDS = """
import numpy
import resnet_s

pixels = numpy.random.default_rng(1).integers(0, 256, (28, 28, 1), dtype=numpy.uint8)
real = ((pixels / 255 - 0.25) / 0.5).astype(numpy.float32)
expected = resnet_s.run(real.transpose(2, 0, 1).copy()).tolist()
assert resnet_s.run(pixels, mean=0.25, std=(0.5,)).tolist() == expected
assert resnet_s.run(real.transpose(2, 0, 1).astype(numpy.float64)).tolist() == expected
described = resnet_s.inputs[0]
scaled = real.reshape(-1) / numpy.float32(described["scale"])
stored = numpy.trunc(scaled + numpy.copysign(numpy.float32(0.5), scaled)) + described["zero_point"]
stored = stored.clip(-128, 127).astype(numpy.int8)
assert resnet_s.run(stored.reshape(28, 28, 1)).tolist() == expected
assert resnet_s.run(stored.tobytes()).tolist() == expected

def refused(kind, words, *inputs, **options):
    try:
        resnet_s.run(*inputs, **options)
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)

zeros = numpy.zeros((28, 28, 1), numpy.float32)
refused(TypeError, "takes 1 inputs, not 2", zeros, zeros)
refused(ValueError, "'input' takes float32 [1][1][28][28]", numpy.zeros((3, 4), numpy.float32))
refused(ValueError, "'input' takes int8 [1][28][28][1]", numpy.zeros((784, 1), numpy.int8))
refused(ValueError, "'input' takes float32", numpy.zeros((1, 28, 28), numpy.int32))
refused(TypeError, "format '", numpy.zeros((1, 28, 28), numpy.complex64))
refused(TypeError, "format '>f'", numpy.zeros((1, 28, 28), ">f4"))
refused(ValueError, "C-contiguous", zeros.transpose(2, 1, 0)[:, ::-1])
refused(TypeError, "", "text")
refused(TypeError, "for pixels", zeros.transpose(2, 0, 1).copy(), mean=0.5)
refused(ValueError, "std", pixels, std=0)
refused(ValueError, "mean", pixels, mean=float("nan"))
refused(ValueError, "number of channels", pixels, mean=(1, 2))
refused(TypeError, "", pixels, scale=2)

class Clearing:
    def __float__(self):
        means.clear()
        return 0.25

means = [Clearing(), *(float(i) for i in range(2))]
refused(ValueError, "number of channels", pixels, mean=means)
assert means == []
"""


def test_what_goes_in(example: tuple[Path, QuantModel]) -> None:
    _python(["-c", KINDS], example[0])


BRANCHING = """
import sys
import numpy
import branching

inputs = [numpy.load(path) for path in sys.argv[1:3]]
first, second = branching.Network().run(*inputs, stored=True)
numpy.savez(sys.argv[3], square=first, total=second)
"""


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    model = branching_network()
    library = _build(write_project(tmp_path / "p", model))
    inputs = random_inputs(model, seed=2)
    for key in ("a", "b"):
        np.save(tmp_path / f"{key}.npy", inputs[key][0])
    places = [tmp_path / "a.npy", tmp_path / "b.npy", tmp_path / "out.npz"]
    _python(["-c", BRANCHING, *places], library)
    values = run_reference(model, inputs)
    with np.load(tmp_path / "out.npz") as outputs:
        for key in ("square", "total"):
            np.testing.assert_array_equal(outputs[key], values[key][0])


WEIGHTS = """
import sys
import chain

chain.Network(sys.argv[1]).selftest()
chain.Network(weights=sys.argv[1]).selftest()
assert not hasattr(chain, "run")
for wrong, kind in ((sys.argv[0] + ".absent", ValueError), (sys.argv[2], RuntimeError)):
    try:
        chain.Network(wrong)
    except kind as error:
        print(error)
    else:
        raise AssertionError(wrong)
"""


def test_weights_of_a_file(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", chain_network(), "file")
    weights = project / "src" / "chain_weights.bin"
    wrong = tmp_path / "wrong.bin"
    wrong.write_bytes(b"\1" + weights.read_bytes()[1:])
    text = _python(["-c", WEIGHTS, weights, wrong], _build(project))
    assert "cannot be read" in text
    assert "the weights are not those of this network" in text


FORKED = """
import os, signal
import numpy
import resnet_s

image = numpy.zeros((1, 28, 28), numpy.float32)
expected = resnet_s.run(image).tolist()
child = os.fork()
if child == 0:
    signal.alarm(60)
    assert resnet_s.run(image).tolist() == expected
    assert resnet_s.Network().run(image).tolist() == expected
    del resnet_s.run, resnet_s.selftest
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert resnet_s.run(image).tolist() == expected
"""


def test_a_child_of_fork_computes_without_the_threads(tmp_path: Path) -> None:
    request = CompileOptions(model=EXAMPLE / "resnet_s.onnx", output=tmp_path / "net", threads=2)
    compile_to_folder(request, no_progress, print)
    _python(["-c", FORKED], _build(tmp_path / "net"))


def test_the_build_leaves_the_folder_as_it_is(tmp_path: Path) -> None:
    """Also where its path has spaces."""
    project = write_project(tmp_path / "a folder" / "p", chain_network())
    before = {path for path in project.rglob("*") if path.parts[len(project.parts)] != "build"}
    _build(project)
    after = {path for path in project.rglob("*") if path.parts[len(project.parts)] != "build"}
    assert after == before


FORK = """
import os, signal, numpy
import resnet_s

pixels = numpy.zeros((28, 28, 1), numpy.uint8)
expected = bytes(resnet_s.run(pixels, stored=True))
own = resnet_s.Network()
child = os.fork()
if child == 0:
    signal.alarm(60)
    other = resnet_s.Network()
    same = [bytes(n.run(pixels, stored=True)) == expected for n in (resnet_s, other, own)]
    del other
    os._exit(0 if all(same) else 1)
assert os.waitpid(child, 0)[1] == 0
child = os.fork()
if child == 0:
    signal.alarm(60)
    del own
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert bytes(own.run(pixels, stored=True)) == expected
"""


def test_threads_of_a_forked_process(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    request = CompileOptions(model=EXAMPLE / "resnet_s.onnx", output=folder, threads=2)
    compile_to_folder(request, no_progress, print)
    _python(["-c", FORK], _build(folder))
