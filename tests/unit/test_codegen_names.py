"""Which names may prefix the emitted symbols, and how one is derived."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.emitted import run_tool

from cnnc.codegen.header_names import hides_library_header
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
        ("string", r"string\.h would hide a header of the C library"),
        ("stdint", "would hide a header"),
        ("features", r"features\.h would hide a header"),
        ("Features", "would hide a header"),
        ("reent", "would hide a header"),
        ("avx2intrin", "would hide a header"),
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
        ("features", "model_features"),
        ("MALLOC", "model_malloc"),
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


@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++", "aarch64-linux-gnu-gcc"])
def test_no_name_can_hide_what_standard_headers_include(compiler: str, tmp_path: Path) -> None:
    asked = "assert ctype errno inttypes limits locale math setjmp signal stdarg stdbool stddef"
    asked += " stdint stdio stdlib string time wchar"
    source = tmp_path / "all.c"
    source.write_text("".join(f"#include <{name}.h>\n" for name in asked.split()))
    rule = run_tool([compiler, "-D_GNU_SOURCE", "-M", source]).decode().replace("\\\n", " ")
    # Only headers directly in a folder of the include path can be hidden.
    folders = _include_folders(compiler, source)
    reached = {Path(file) for file in rule.split()[1:] if file.endswith(".h")}
    stems = {file.stem for file in reached if file.parent.resolve() in folders}

    assert {"features", "stdint", "stdio"} <= stems
    identifiers = {stem for stem in stems if re.fullmatch(r"[A-Za-z]\w*", stem)}
    assert {stem for stem in identifiers if not hides_library_header(stem)} == set()


def _include_folders(compiler: str, source: Path) -> set[Path]:
    done = subprocess.run(
        [compiler, "-E", "-v", str(source), "-o", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = done.stderr.split("#include <...> search starts here:")[1].split("End of search")[0]
    return {Path(line.strip()).resolve() for line in listed.splitlines() if line.strip()}
