"""Requests and records as runtime/harness defines them."""

import numpy as np
import pytest
from tests.support.quant_networks import branching_network, chain_network, random_inputs

from cnnc.errors import InternalError
from cnnc.simulator.records import RecordLayout


def test_request_names_sizes_and_dump_offsets() -> None:
    layout = RecordLayout(chain_network(), traced=True, dump=(1, 3))
    # pooled and curved are 2 * 3 * 2 elements, y is 3; x is 3 * 4 * 2.
    assert layout.request(7)[1:].tolist() == [7, 4, 24, 3, 15, -1, 0, -1, 12]


def test_plain_build_has_no_layers() -> None:
    layout = RecordLayout(chain_network(), traced=False)
    assert layout.request(1)[2] == 0
    assert layout.record_type().itemsize == 3


def test_inputs_are_packed_in_order() -> None:
    model = branching_network()
    inputs = random_inputs(model, 3)
    packed = RecordLayout(model, traced=True).pack_inputs(inputs)
    flat = [inputs[port.value].reshape(3, -1) for port in model.inputs]
    assert np.array_equal(packed, np.concatenate(flat, axis=1))


def test_records_are_taken_apart() -> None:
    layout = RecordLayout(chain_network(), traced=True, dump=(3,))
    table = np.zeros(2, dtype=layout.record_type())
    table["outputs"] = [[1, 2, 3], [4, 5, 6]]
    table["checksums"][:, 2] = [7, 8]
    table["sizes"] = -1
    table["dump"] = [[-1, -2, -3], [-4, -5, -6]]
    records = layout.parse(table.tobytes(), 2)
    assert records.outputs[0].tolist() == [[[1, 2, 3]], [[4, 5, 6]]]
    assert records.checksums[:, 2].tolist() == [7, 8]
    assert records.dumps[3].tolist() == [[[-1, -2, -3]], [[-4, -5, -6]]]


def test_wrong_number_of_bytes_is_our_fault() -> None:
    with pytest.raises(InternalError, match="got 5 B"):
        RecordLayout(chain_network(), traced=False).parse(b"12345", 2)
