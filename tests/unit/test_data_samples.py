"""Data files are streamed, and whatever does not fit the network is named."""

import io
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cnnc.errors import CalibrationError
from cnnc.importer.data import (
    Samples,
    from_storage,
    open_samples,
    synthetic_samples,
    to_storage,
)
from cnnc.ir.float_model import Port
from cnnc.ir.types import F32, AnyArray, ElementType, Shape

IMAGE = Port("image", "image", (1, 2, 3, 4), (0, 2, 3, 1))


def _port(name: str, *shape: int) -> Port:
    return Port(name, name, shape, tuple(range(len(shape))))


def _random(*shape: int) -> F32:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def _npz(folder: Path, compressed: bool = False, /, **arrays: AnyArray) -> Path:
    path = folder / "data.npz"
    write = np.savez_compressed if compressed else np.savez
    write(path, **arrays)
    return path


def _collected(samples: Samples, name: str, size: int, limit: int | None = None) -> F32:
    return np.concatenate([batch[name] for batch in samples.batches(size, limit)])


def _refusal(path: Path, *ports: Port) -> CalibrationError:
    """Return the error from opening the file or reading it to its end."""
    with pytest.raises(CalibrationError) as caught:
        for _ in open_samples(path, ports or (IMAGE,)).batches(2):
            pass
    assert str(path) in caught.value.problem
    assert caught.value.remedy
    assert caught.value.where == str(path)
    return caught.value


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("key", ["image", "x"])
def test_npz_is_read_in_batches(tmp_path: Path, key: str, compressed: bool, size: int) -> None:
    images = _random(7, 2, 3, 4)
    path = _npz(tmp_path, compressed, **{key: images})

    samples = open_samples(path, (IMAGE,))

    assert samples.count == 7
    assert samples.labels is None
    found = list(samples.batches(size))
    assert [len(batch["image"]) for batch in found[:-1]] == [size] * (len(found) - 1)
    assert found[0]["image"].shape[1:] == IMAGE.onnx_shape
    assert np.array_equal(_collected(samples, "image", size)[:, 0], images)


def test_float64_is_rounded_to_float32(tmp_path: Path) -> None:
    images = np.random.default_rng(4).normal(size=(7, 2, 3, 4))
    found = _collected(open_samples(_npz(tmp_path, x=images), (IMAGE,)), "image", 3)
    assert found.dtype == np.float32
    assert np.array_equal(found[:, 0], images.astype(np.float32))


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e39])
def test_float64_that_float32_does_not_have_is_refused(tmp_path: Path, number: float) -> None:
    images = np.zeros((7, 2, 3, 4))
    images[5, 1, 0, 2] = number
    with pytest.raises(CalibrationError, match="holds NaN or infinity"):
        list(open_samples(_npz(tmp_path, x=images), (IMAGE,)).batches(3))


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_is_read_in_batches(tmp_path: Path, order: str) -> None:
    images = _random(7, 2, 3, 4)
    path = tmp_path / "data.npy"
    np.save(path, np.asarray(images, order="F") if order == "F" else images)

    samples = open_samples(path, (IMAGE,))

    assert samples.count == 7
    assert np.array_equal(_collected(samples, "image", 3)[:, 0], images)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(0, 0), (1, 1), (4, 4), (7, 7), (50, 7), (None, 7)],
)
def test_limit(tmp_path: Path, limit: int | None, expected: int) -> None:
    samples = open_samples(_npz(tmp_path, x=_random(7, 2, 3, 4)), (IMAGE,))

    assert sum(len(batch["image"]) for batch in samples.batches(3, limit)) == expected


def test_several_inputs(tmp_path: Path) -> None:
    first, second = _random(5, 3), _random(5, 2, 2)
    path = _npz(tmp_path, a=first, b=second)

    samples = open_samples(path, (_port("b", 1, 2, 2), _port("a", 1, 3)))

    assert np.array_equal(_collected(samples, "a", 2)[:, 0], first)
    assert np.array_equal(_collected(samples, "b", 2)[:, 0], second)


def test_static_batch_takes_rows_in_groups(tmp_path: Path) -> None:
    rows = _random(6, 3)
    path = _npz(tmp_path, x=rows, y=np.arange(6))

    samples = open_samples(path, (_port("in", 2, 3),))

    assert samples.count == 3
    assert samples.labels is not None
    assert len(samples.labels) == 6
    assert np.array_equal(_collected(samples, "in", 2), rows.reshape(3, 2, 3))


def test_scalar_input(tmp_path: Path) -> None:
    samples = open_samples(_npz(tmp_path, x=_random(5)), (_port("in"),))

    assert _collected(samples, "in", 2).shape == (5,)


def test_labels(tmp_path: Path) -> None:
    samples = open_samples(_npz(tmp_path, x=_random(3, 2, 3, 4), y=np.array([4, 0, 2])), (IMAGE,))

    assert samples.labels is not None
    assert samples.labels.tolist() == [4, 0, 2]


def test_input_called_y(tmp_path: Path) -> None:
    rows = _random(3, 4)
    alone = open_samples(_npz(tmp_path, y=rows), (_port("y", 1, 4),))
    assert alone.labels is None
    assert np.array_equal(_collected(alone, "y", 3)[:, 0], rows)

    labelled = open_samples(_npz(tmp_path, x=rows, y=np.arange(3)), (_port("y", 1, 4),))
    assert labelled.labels is not None
    assert np.array_equal(_collected(labelled, "y", 3)[:, 0], rows)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((4, 2, 3, 5), np.float32)}, ("[4, 2, 3, 5]", "[N, 2, 3, 4]", "'image'")),
        ({"x": np.zeros((4, 3, 4), np.float32)}, ("[4, 3, 4]", "[N, 2, 3, 4]")),
        ({"x": np.zeros((), np.float32)}, ("[]", "[N, 2, 3, 4]")),
        (
            {"x": np.zeros((4, 2, 3, 4), np.float16)},
            ("must be float32, not float16", ".astype(numpy.float32)"),
        ),
        ({"x": np.zeros((4, 2, 3, 4), np.uint8)}, ("must be float32, not uint8", "/ 255")),
        ({"x": np.ones((4, 2, 3, 4), bool)}, ("'x' (the model's input 'image') must be",)),
        ({"image": np.ones((4, 2, 3, 4), bool)}, (": 'image' must be",)),
        ({"x": np.zeros((4, 2, 3, 4), ">f4")}, ("must be float32, not >f4",)),
        ({"x": np.array(["a", "b"])}, ("must be float32, not <U1",)),
        ({"x": np.zeros((0, 2, 3, 4), np.float32)}, ("holds no samples",)),
        ({"pictures": np.zeros((4, 2, 3, 4), np.float32)}, ("no array 'image'", "'pictures'")),
        ({}, ("no array 'image'; it holds nothing", "numpy.savez(path, x=array)")),
        ({"x": np.array([{}, None])}, ("'x.npy'", "Python objects")),
        (
            {"x": np.zeros((4, 2, 3, 4), np.float32), "y": np.zeros(3, np.int64)},
            ("3 labels for 4 samples",),
        ),
        (
            {"x": np.zeros((4, 2, 3, 4), np.float32), "y": np.array(3)},
            ("y is a single number",),
        ),
        (
            {"x": np.zeros((4, 2, 3, 4), np.float32), "y": np.array([None] * 4)},
            ("'y.npy'", "Python objects"),
        ),
    ],
)
def test_arrays_that_do_not_fit(
    tmp_path: Path, arrays: Mapping[str, AnyArray], words: tuple[str, ...]
) -> None:
    error = _refusal(_npz(tmp_path, **arrays))

    for word in words:
        assert word in f"{error.problem}\n{error.remedy}"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sample", [0, 4, 6])
def test_numbers_that_are_not_finite(tmp_path: Path, sample: int, bad: float) -> None:
    images = _random(7, 2, 3, 4)
    images[sample, 1, 1, 1] = bad

    problem = _refusal(_npz(tmp_path, x=images)).problem

    assert f"sample {sample} of 'x' (the model's input 'image') holds NaN or infinity" in problem


def test_incomplete_group(tmp_path: Path) -> None:
    error = _refusal(_npz(tmp_path, x=_random(5, 3)), _port("in", 2, 3))

    assert "5 rows of 'x' (the model's input 'in') are not whole batches of 2" in error.problem
    assert "multiple of 2" in error.remedy


def test_inputs_of_different_length(tmp_path: Path) -> None:
    path = _npz(tmp_path, a=_random(5, 3), b=_random(4, 3))

    assert "'a' 5, 'b' 4" in _refusal(path, _port("a", 1, 3), _port("b", 1, 3)).problem


def test_alias_is_for_a_single_input(tmp_path: Path) -> None:
    error = _refusal(_npz(tmp_path, x=_random(5, 3)), _port("a", 1, 3), _port("b", 1, 3))

    assert "no array 'a', 'b'; it holds 'x'" in error.problem
    assert "'a': array_0, 'b': array_1" in error.remedy


def test_npy_is_for_a_single_input(tmp_path: Path) -> None:
    path = tmp_path / "data.npy"
    np.save(path, _random(5, 3))

    assert "the model has 2" in _refusal(path, _port("a", 1, 3), _port("b", 1, 3)).problem


def test_npy_with_objects_or_without_samples(tmp_path: Path) -> None:
    path = tmp_path / "data.npy"
    np.save(path, np.array([{}, None]))
    assert "Python objects" in _refusal(path).problem

    np.save(path, np.zeros((0, 2, 3, 4), np.float32))
    assert "holds no samples" in _refusal(path).problem


def test_fortran_order_in_an_archive(tmp_path: Path) -> None:
    error = _refusal(_npz(tmp_path, x=np.asfortranarray(_random(5, 2, 3, 4))))

    assert "Fortran order" in error.problem
    assert "ascontiguousarray" in error.remedy


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "does not exist" in _refusal(tmp_path / "none.npz").problem
    assert "is a folder" in _refusal(tmp_path).problem


def _archive(compressed: bool = False) -> bytes:
    stream = io.BytesIO()
    write = np.savez_compressed if compressed else np.savez
    write(stream, x=_random(20, 2, 3, 4))
    return stream.getvalue()


def _patched(content: bytes, changes: Mapping[tuple[bytes, int], int]) -> bytes:
    """Return the content with single bytes behind a marker set."""
    patched = bytearray(content)
    for (marker, offset), value in changes.items():
        patched[patched.find(marker) + offset] = value
    return bytes(patched)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        _archive()[:300],
        _archive()[300:],
        _patched(_archive(), {(b"PK\x03\x04", 400): 7}),
        _patched(_archive(), {(b"PK\x03\x04", 6): 1, (b"PK\x01\x02", 8): 1}),
        _patched(_archive(), {(b"PK\x03\x04", 8): 97, (b"PK\x01\x02", 10): 97}),
        _archive(compressed=True)[:200] + b"\xff" * 40 + _archive(compressed=True)[240:],
    ],
    ids=["empty", "png", "start", "end", "checksum", "encrypted", "method", "deflate"],
)
@pytest.mark.parametrize("suffix", [".npz", ".npy", ".data"])
def test_damaged_files(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"data{suffix}"
    path.write_bytes(content)

    assert "cannot be read as NumPy data" in _refusal(path).problem


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2, 3, 4), }",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (10**9,)}",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 2, 3, 4)}",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2, 3, 4)}",
        b"{'descr': '<f4'" + b"(" * 300,
        b"__import__('os').abort()",
    ],
    ids=["short", "expression", "huge", "negative", "nested", "code"],
)
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_damaged_headers(tmp_path: Path, header: bytes, suffix: str) -> None:
    path = tmp_path / f"data{suffix}"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(80)
    if suffix == ".npy":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", content)

    assert "cannot be read as NumPy data" in _refusal(path).problem


def _peak_bytes(path: Path) -> int:
    samples = open_samples(path, (_port("in", 1, 1000),))
    tracemalloc.start()
    try:
        for _ in samples.batches(16):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compressed", [False, True])
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path, compressed: bool) -> None:
    few = _peak_bytes(_npz(tmp_path, compressed, x=np.zeros((160, 1000), np.float32)))
    many = _peak_bytes(_npz(tmp_path, compressed, x=np.zeros((4800, 1000), np.float32)))

    assert many < few + 100_000


def test_synthetic_samples_come_from_the_seed() -> None:
    ports = (IMAGE, _port("b", 2, 3))
    samples = synthetic_samples(ports, 10, seed=3)

    assert samples.count == 10
    found = _collected(samples, "image", 4)
    assert found.shape == (10, 1, 2, 3, 4)
    assert found.dtype == np.float32
    assert 0.0 <= found.min() < 0.1
    assert 0.9 < found.max() < 1.0
    assert np.array_equal(found, _collected(samples, "image", 4))
    assert not np.array_equal(found, _collected(synthetic_samples(ports, 10, 4), "image", 4))
    assert _collected(samples, "b", 4).shape == (10, 2, 3)


def test_storage_and_back() -> None:
    batch = _random(5, *IMAGE.onnx_shape)

    stored = to_storage(IMAGE, batch)

    assert stored.shape == (5, *IMAGE.storage_shape)
    assert stored[3, 0, 2, 1, 1] == batch[3, 0, 1, 2, 1]
    assert np.array_equal(from_storage(IMAGE, stored), batch)


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0)])
def test_storage_of_any_order(axes: Shape) -> None:
    port = Port("p", "p", (2, 3, 4), axes)
    batch = _random(2, *port.onnx_shape)

    assert to_storage(port, batch).shape == (2, *port.storage_shape)
    assert np.array_equal(from_storage(port, to_storage(port, batch)), batch)


TABLE = Port("table", "table", (2, 3), (0, 1))
INTEGERS = {"table": ElementType.INT32}


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_integers_are_read_as_the_model_takes_them(tmp_path: Path, dtype: type[np.generic]) -> None:
    numbers = np.arange(24).reshape(8, 3).astype(dtype)
    samples = open_samples(_npz(tmp_path, table=numbers), (TABLE,), INTEGERS)
    (batch,) = samples.batches(10)
    assert batch["table"].dtype == np.int32
    np.testing.assert_array_equal(batch["table"], np.arange(24).reshape(4, 2, 3))


def test_real_numbers_where_integers_are_taken(tmp_path: Path) -> None:
    path = _npz(tmp_path, table=_random(4, 3))
    with pytest.raises(CalibrationError, match="'table' must be integers, not float32") as caught:
        open_samples(path, (TABLE,), INTEGERS)
    assert "astype(numpy.int32)" in caught.value.remedy


def test_integers_beyond_the_models_type(tmp_path: Path) -> None:
    path = _npz(tmp_path, table=np.full((4, 3), 2**31))
    with pytest.raises(CalibrationError, match="numbers that int32 does not have") as caught:
        list(open_samples(path, (TABLE,), INTEGERS).batches(1))
    assert "-2147483648 and 2147483647" in caught.value.remedy


def test_synthetic_integers() -> None:
    samples = synthetic_samples((TABLE, IMAGE), 50, 1, INTEGERS)
    (batch,) = samples.batches(50)
    assert batch["table"].dtype == np.int32
    assert batch["image"].dtype == np.float32
    assert set(batch["table"].reshape(-1).tolist()) == set(range(10))
