"""Which files a project has, and what the templates write into them."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import GoldenCheck
from tests.support.emitted import emitted_files, golden_of
from tests.support.quant_networks import branching_network, chain_network

from cnnc.codegen.emit import C_LIMIT_BYTES, Golden, emit, weights_mode
from cnnc.codegen.lower import lower
from cnnc.codegen.views import WeightsMode
from cnnc.errors import InternalError, UsageError

_DIGEST_PROGRAM = """
import hashlib
from tests.support.emitted import emitted_files
from tests.support.quant_networks import branching_network
files = emitted_files(branching_network(), "asm")
print(hashlib.sha256(repr(list(files.items())).encode()).hexdigest())
"""


def _own(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files that templates write; those that start with cnnc are copies.

    Without the Python among them, which would be linted as the project's own.
    """
    return {p: text for p, text in files.items() if "/cnnc" not in p and not p.endswith(".py")}


def test_project_in_c(check_golden: GoldenCheck) -> None:
    for path, content in _own(emitted_files(chain_network())).items():
        check_golden(path, content)


def test_project_in_assembler(check_golden: GoldenCheck) -> None:
    files = emitted_files(chain_network(), "asm")
    for path in ("src/chain_weights.S", "src/chain_weights.h", "CMakeLists.txt", "Makefile"):
        check_golden(path, files[path])


def test_project_with_a_weights_file(check_golden: GoldenCheck) -> None:
    files = emitted_files(chain_network(), "file")
    for path in ("include/chain.h", "src/chain_load.c", "src/chain.c", "main.c", "README.md"):
        check_golden(path, files[path])


def test_several_ports(check_golden: GoldenCheck) -> None:
    files = emitted_files(branching_network())
    for path in ("include/branching.h", "src/branching.c", "src/branching_io.c"):
        check_golden(path, files[path])


def test_arrays_are_declared_with_the_alignment_that_they_have() -> None:
    """Clang for x86-64 aligns an undeclared array of 16 bytes in its mind, and loads it so."""
    files = emitted_files(chain_network())
    pattern = rb"CNNC_ALIGNED\((\d+)\)\s+const \w+ (\w+)\["
    declared = re.findall(pattern, files["src/chain_weights.h"])
    assert len(declared) == 5
    assert declared == re.findall(pattern, files["src/chain_weights.c"])


@pytest.mark.parametrize("mode", ["c", "asm", "file"])
def test_only_used_headers_are_copied(mode: WeightsMode) -> None:
    files = emitted_files(chain_network(), mode)
    copied = {path.rsplit("/", 1)[1] for path in files if "/cnnc/" in path}
    assert {"cnnc_common.h", "cnnc_max_pool_s8.h", "cnnc_lookup_s8.h"} <= copied
    assert "cnnc_add_s8.h" not in copied
    assert list(files) == sorted(files)


def test_every_text_file_has_a_licence_line() -> None:
    files = emitted_files(chain_network(), "asm")
    for path, content in files.items():
        if not path.endswith((".bin", ".md")):
            assert b"SPDX-License-Identifier: MIT-0" in content.split(b"\n")[0], path
    assert b"MIT-0" in files["README.md"]


def test_same_bytes_whatever_the_hash_seed() -> None:
    files = emitted_files(branching_network(), "asm")
    expected = hashlib.sha256(repr(list(files.items())).encode()).hexdigest()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", _DIGEST_PROGRAM]
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": "compiler:."}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        assert done.stdout.decode().strip() == expected


def test_without_a_sample_there_is_no_selftest() -> None:
    files = emit(lower(chain_network()))
    assert "src/chain_selftest.c" not in files
    assert not any(
        b"_selftest" in content for path, content in files.items() if path.startswith("include/")
    )


def test_rounding_is_set_for_this_model_alone() -> None:
    double = emitted_files(chain_network())
    single = emitted_files(chain_network(rounding="single"))
    assert b"#define CNNC_SINGLE_ROUNDING" not in double["src/chain.c"]
    assert b"#define CNNC_SINGLE_ROUNDING\n\n#include" in single["src/chain.c"]


def test_selftest_of_the_wrong_size_is_our_bug() -> None:
    program = lower(chain_network())
    good = golden_of(chain_network())
    with pytest.raises(InternalError, match="output is int8"):
        emit(program, golden=Golden(good.inputs, (np.zeros(4, np.int8),)))
    with pytest.raises(InternalError, match="0 arrays for 1 ports"):
        emit(program, golden=Golden((), good.outputs))


def test_name_that_cannot_be_a_prefix_is_refused() -> None:
    with pytest.raises(UsageError, match="would hide a header"):
        lower(replace(chain_network(), name="string"))


def test_large_constants_are_no_c_text(caplog: pytest.LogCaptureFixture) -> None:
    program = lower(chain_network())
    large = replace(
        program, arrays=(replace(program.arrays[0], array=np.zeros(C_LIMIT_BYTES + 1)),)
    )

    assert weights_mode(program, None) == "c"
    assert weights_mode(large, None) == "asm"
    assert "--weights c" in caplog.text
    assert weights_mode(large, "c") == "c"
