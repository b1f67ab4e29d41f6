"""Constants as text, constants as bytes, and how long lines are broken."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.codegen.arrays import array_text, build_blob, float_literal, number_rows
from cnnc.codegen.program import ConstantArray
from cnnc.codegen.wrap import COLUMN_LIMIT, wrap_long_lines


def test_rows_are_aligned_and_complete() -> None:
    array = np.arange(-128, 128, dtype=np.int8)
    rows = number_rows(array)
    assert len({len(row) for row in rows}) == 1
    values = [int(text) for row in rows for text in row.rstrip(",").split(",")]
    assert values == array.tolist()
    assert all(len(row) + 4 <= COLUMN_LIMIT for row in rows)


def test_least_int32_is_written_without_overflow() -> None:
    assert number_rows(np.array([-(2**31)], np.int32)) == ("(-2147483647 - 1),",)


def test_array_text_names_the_type() -> None:
    text = array_text(ConstantArray("net_layer_0_bias", np.zeros(3, np.int32), 4))
    assert (text.element_type, text.length, text.rows) == ("int32_t", 3, ("0, 0, 0,",))


def test_blob_holds_every_array_on_its_alignment() -> None:
    arrays = [
        ConstantArray("a", np.array([1, 2, 3], np.int8), 1),
        ConstantArray("b", np.array([-2, 70000], np.int32), 4),
        ConstantArray("c", np.array([9], np.int8), 32),
    ]
    blob = build_blob(arrays)
    assert [entry.offset for entry in blob.entries] == [0, 4, 32]
    assert [entry.macro for entry in blob.entries] == ["A", "B", "C"]
    assert blob.data[:3] == b"\x01\x02\x03"
    assert blob.data[4:12] == (-2).to_bytes(4, "little", signed=True) + (70000).to_bytes(
        4, "little"
    )
    assert (blob.alignment, len(blob.data)) == (32, 64)
    assert blob.crc32 == zlib.crc32(blob.data)


def test_blob_of_nothing_is_not_empty() -> None:
    assert len(build_blob([]).data) == 16


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=0))
def test_float_literals_read_back_exactly(value: float) -> None:
    text = float_literal(value)
    assert text.endswith("f")
    assert set(".e") & set(text)
    assert np.float32(text[:-1]) == np.float32(value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("short(a, b);", ["short(a, b);"]),
        (
            f"    call({'a' * 50}, {'b' * 38}, c);",
            [f"    call({'a' * 50}, {'b' * 38},", "         c);"],
        ),
        (
            f"int f(struct x *{'a' * 50}, void (*g)(int, int), int {'b' * 30}) {{",
            [f"int f(struct x *{'a' * 50}, void (*g)(int, int),", f"      int {'b' * 30}) {{"],
        ),
        (
            f"enum some_status f(struct {'a' * 70} *context) {{",
            ["enum some_status", f"f(struct {'a' * 70} *context) {{"],
        ),
        (
            f"int {'f' * 20}(struct {'a' * 70} *context);",
            [f"int {'f' * 20}(", f"    struct {'a' * 70} *context);"],
        ),
        (f"#define X f({'a' * 60}, {'b' * 60})", [f"#define X f({'a' * 60}, {'b' * 60})"]),
    ],
)
def test_long_calls_are_broken_after_commas(line: str, expected: list[str]) -> None:
    assert wrap_long_lines(line).split("\n") == expected


def test_nothing_is_wrapped_where_formatting_is_off() -> None:
    text = f"/* clang-format off */\nf({'a' * 60}, {'b' * 60})\n"
    assert wrap_long_lines(text) == text
