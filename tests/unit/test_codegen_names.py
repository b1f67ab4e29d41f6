"""Which names may prefix the emitted symbols, and how one is derived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.codegen.names import MAX_LENGTH, array_symbol, check_identifier, identifier_from
from cnnc.errors import UsageError


@pytest.mark.parametrize("name", ["lenet", "LeNet5", "a", "net_2", "x" * MAX_LENGTH])
def test_good_names_pass(name: str) -> None:
    assert check_identifier(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "a letter first"),
        ("2net", "a letter first"),
        ("_net", "a letter first"),
        ("net-2", "letters, digits and underscores"),
        ("../net", "letters, digits and underscores"),
        ("n\u00e9t", "ASCII"),
        ("net\n", "letters, digits and underscores"),
        ("x" * (MAX_LENGTH + 1), f"longer than {MAX_LENGTH}"),
        ("while", "keyword"),
        ("template", "keyword"),
        ("string", "standard header"),
        ("stdint", "standard header"),
        ("main", "reserved file"),
        ("CON", "reserved file"),
        ("cnnc_net", "belong to the kernels"),
    ],
)
def test_bad_names_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        check_identifier(name)
    assert caught.value.where == "--name"
    assert "--name" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lenet5_bn_op17", "lenet5_bn_op17"),
        ("My Model (v2)", "my_model_v2"),
        ("3dnet", "model_3dnet"),
        ("double", "model_double"),
        ("\u7f51\u7edc", "model"),
        ("", "model"),
        ("a" * 50, "a" * MAX_LENGTH),
        ("cnnc_x", "model_cnnc_x"),
    ],
)
def test_names_are_derived_from_file_names(text: str, name: str) -> None:
    assert identifier_from(text) == name


@given(st.text(max_size=60))
def test_derived_names_are_always_valid(text: str) -> None:
    assert check_identifier(identifier_from(text))


def test_repeated_roles_are_numbered() -> None:
    names = [array_symbol("net", 3, "weights", repetition) for repetition in range(2)]
    assert names == ["net_layer_3_weights", "net_layer_3_weights_1"]
