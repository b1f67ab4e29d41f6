"""Arrays that are mapped from a file keep their contents when their memory is given back."""

from pathlib import Path

import numpy as np

from cnnc.ir.mapped import let_go


def test_mapped_arrays_are_read_again(tmp_path: Path) -> None:
    numbers = np.arange(10000, dtype=np.float32)
    numbers.tofile(tmp_path / "weights")
    mapped = np.memmap(tmp_path / "weights", np.float32, "r")
    part = np.ascontiguousarray(mapped[5000:])

    let_go(part)

    np.testing.assert_array_equal(part, numbers[5000:])
    np.testing.assert_array_equal(mapped, numbers)


def test_other_arrays_stay_as_they_are(tmp_path: Path) -> None:
    writeable = np.memmap(tmp_path / "new", np.float32, "w+", shape=(2000,))
    writeable[:] = 3
    owned = np.full(2000, 3, np.float32)
    owned.flags.writeable = False

    let_go(writeable)
    let_go(owned)

    assert (writeable == 3).all()
    assert (owned == 3).all()
