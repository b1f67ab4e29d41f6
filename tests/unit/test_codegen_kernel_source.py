"""What is read out of a kernel's header, and what is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnc.codegen import kernel_source as module
from cnnc.codegen.kernel_source import closure, kernel_source, runtime_headers
from cnnc.errors import InternalError
from cnnc.ops._definition import operators
from cnnc.resources import tree

GOOD = """
#include "cnnc_common.h"
struct cnnc_twist_s8_parameters {
    int32_t rows; /* int32_t comment; */
    int32_t cols, channels;
};
CNNC_KERNEL void cnnc_twist_s8(const struct cnnc_twist_s8_parameters *p,
                               const int8_t *CNNC_RESTRICT input, const int32_t *bias,
                               uint8_t *CNNC_RESTRICT output) {
}
"""

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that makes a runtime whose only kernel is the text."""

    def make(text: str) -> None:
        folder = tmp_path / "kernels" / "twist"
        folder.mkdir(parents=True)
        (tmp_path / "cnnc_common.h").write_text("/* nothing */\n")
        (folder / "cnnc_twist_s8.h").write_text(text)

        def fake_tree(_name: str) -> Path:
            return tmp_path

        monkeypatch.setattr(module, "tree", fake_tree)
        kernel_source.cache_clear()
        runtime_headers.cache_clear()

    return make


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    yield
    kernel_source.cache_clear()
    runtime_headers.cache_clear()


def test_header_is_understood(install: Install) -> None:
    install(GOOD)
    source = kernel_source("twist_s8", "twist")
    assert source.function == "cnnc_twist_s8"
    assert source.struct == "cnnc_twist_s8_parameters"
    assert source.fields == ("rows", "cols", "channels")
    assert source.pointer_types == ("int8_t", "int32_t", "uint8_t")
    assert source.headers == {"cnnc_twist_s8.h", "cnnc_common.h"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "int32_t cols, channels",
            "double cols",
            "field 'double cols' is neither int32_t nor float",
        ),
        ("CNNC_KERNEL void cnnc_twist_s8", "void cnnc_twist_s8", "does not define CNNC_KERNEL"),
        ("const struct cnnc_twist_s8_parameters *p", "int rows", "no parameter struct"),
        ("const int32_t *bias", "int32_t bias", "'int32_t bias' is not a pointer"),
        ("struct cnnc_twist_s8_parameters {", "struct other {", "no header defines struct"),
        ('"cnnc_common.h"', '"../cnnc_common.h"', "include by plain file name"),
    ],
)
def test_headers_that_break_the_rules_are_refused(
    install: Install, old: str, new: str, problem: str
) -> None:
    install(GOOD.replace(old, new))
    with pytest.raises(InternalError, match=problem):
        kernel_source("twist_s8", "twist")


def test_missing_kernel_is_refused() -> None:
    with pytest.raises(InternalError, match=r"kernels/conv2d/cnnc_nothing_s8\.h does not exist"):
        kernel_source("nothing_s8", "conv2d")


def test_every_kernel_that_an_operator_announces_is_understood() -> None:
    names = {name for operator in operators() for name in operator.kernels}
    kernels = tree("runtime") / "kernels"
    folders = {
        file.name: folder.name
        for folder in kernels.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
    }
    assert names
    for name in sorted(names):
        assert kernel_source(name, folders[f"cnnc_{name}.h"]).fields, name


def test_closure_is_transitive() -> None:
    assert closure(["cnnc_fixed_point.h"]) == {"cnnc_fixed_point.h", "cnnc_common.h"}
