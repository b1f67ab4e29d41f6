"""What a network may use of the target's memory, and what is said if it needs more."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.quant_networks import chain_network

from cnnc.codegen.choose import Budget
from cnnc.codegen.fit import budget_of, check_fit, excess_over_board
from cnnc.codegen.lower import lower
from cnnc.codegen.program import CProgram
from cnnc.deploy.reserves import CODE_RESERVE_BYTES, STACK_RESERVE_BYTES
from cnnc.deploy.targets import find_target
from cnnc.errors import MemoryFitError
from cnnc.options import CompileOptions

OPTIONS = CompileOptions(model=Path("model.onnx"))


@pytest.fixture(scope="module")
def program() -> CProgram:
    """Return a small network's program."""
    return lower(chain_network())


@pytest.mark.parametrize(
    ("target", "budget"),
    [
        ("host", Budget(None, None)),
        ("rpi", Budget(None, 512 * 2**20)),
        ("cortex-m4", Budget(2**20 - CODE_RESERVE_BYTES, None)),
        (
            "microbit-v1",
            Budget(256 * 1024 - CODE_RESERVE_BYTES, 16 * 1024 - STACK_RESERVE_BYTES),
        ),
    ],
)
def test_budget_is_the_memory_less_the_reserves(target: str, budget: Budget) -> None:
    assert budget_of(find_target(target), OPTIONS) == budget


def test_options_take_the_place_of_the_boards_sizes() -> None:
    options = replace(OPTIONS, ram_bytes=8192, flash_bytes=65536)

    budget = budget_of(find_target("nucleo-l4r5zi"), options)

    assert budget == Budget(65536 - CODE_RESERVE_BYTES, 8192 - STACK_RESERVE_BYTES)


def test_budget_is_never_negative() -> None:
    options = replace(OPTIONS, ram_bytes=1, flash_bytes=1)

    assert budget_of(find_target("cortex-m0"), options) == Budget(0, 0)


def test_exact_fit_is_accepted(program: CProgram) -> None:
    options = replace(
        OPTIONS,
        ram_bytes=program.plan.arena_bytes + STACK_RESERVE_BYTES,
        flash_bytes=program.weight_bytes + CODE_RESERVE_BYTES,
    )

    check_fit(find_target("cortex-m4"), options, program)


def test_ram_that_lacks_one_byte_is_named_with_its_layer(program: CProgram) -> None:
    arena = program.plan.arena_bytes
    options = replace(OPTIONS, ram_bytes=arena + STACK_RESERVE_BYTES - 1)

    with pytest.raises(MemoryFitError) as caught:
        check_fit(find_target("cortex-m4"), options, program)

    problem = caught.value.problem
    assert problem.startswith(
        f"the activations need {arena:,} bytes of RAM, 1 more than the {arena - 1:,} bytes of --ram"
        f" ({arena + 2047:,} less 2,048 kept for the stack); layer '"
    )
    assert "flash" not in problem
    assert caught.value.remedy == (
        "choose a smaller network or input, or "
        f"give --ram {arena + STACK_RESERVE_BYTES} or more, if there is so much RAM"
    )
    assert caught.value.where == "--ram"


def test_flash_that_lacks_one_byte_is_named(program: CProgram) -> None:
    weights = program.weight_bytes
    options = replace(OPTIONS, flash_bytes=weights + CODE_RESERVE_BYTES - 1)

    with pytest.raises(MemoryFitError) as caught:
        check_fit(find_target("cortex-m4"), options, program)

    assert caught.value.problem == (
        f"the constants need {weights:,} bytes of flash, 1 more than the {weights - 1:,} bytes of "
        f"--flash ({weights + 16383:,} less 16,384 kept for code)"
    )
    least = weights + CODE_RESERVE_BYTES
    assert f"give --flash {least} or more, if there is so much flash" in caught.value.remedy
    assert "board" not in caught.value.remedy


@pytest.mark.parametrize(("target", "kept"), [("cortex-m4", 1000), ("esp32-s3", 0), ("rpi", 0)])
def test_sample_of_the_emitted_program_counts(program: CProgram, target: str, kept: int) -> None:
    reserve = CODE_RESERVE_BYTES if find_target(target).core.is_bare_metal else 0
    options = replace(OPTIONS, flash_bytes=program.weight_bytes + reserve + kept)
    check_fit(find_target(target), options, program, 1000)
    budget = budget_of(find_target(target), options, 1000)
    assert budget.flash_bytes == program.weight_bytes

    less = replace(options, flash_bytes=program.weight_bytes + reserve + kept - 1)
    note = r"kept for code and the self-test's sample\)" if kept else "1 more than"
    with pytest.raises(MemoryFitError, match=note):
        check_fit(find_target(target), less, program, 1000)


def test_both_are_named_at_once(program: CProgram) -> None:
    board = find_target("microbit-v1")
    small = replace(board, ram_bytes=STACK_RESERVE_BYTES, flash_bytes=CODE_RESERVE_BYTES)

    with pytest.raises(MemoryFitError) as caught:
        check_fit(small, OPTIONS, program)

    assert "bytes of RAM" in caught.value.problem
    assert "bytes of flash" in caught.value.problem
    assert "more than the 0 bytes of microbit-v1" in caught.value.problem
    assert caught.value.where == "microbit-v1"
    for kind, option in (("RAM", "--ram"), ("flash", "--flash")):
        assert f"a board with more {kind}" in caught.value.remedy
        assert f"say so with {option}" in caught.value.remedy


def test_linux_keeps_nothing_back(program: CProgram) -> None:
    options = replace(OPTIONS, ram_bytes=program.plan.arena_bytes)

    check_fit(find_target("rpi"), options, program)


def test_more_than_the_board_has_is_told() -> None:
    board = find_target("nucleo-l4r5zi")
    assert board.ram_bytes is not None
    assert board.flash_bytes is not None
    exact = replace(OPTIONS, ram_bytes=board.ram_bytes, flash_bytes=board.flash_bytes)
    assert excess_over_board(board, exact) == ()
    more = replace(OPTIONS, ram_bytes=2**32, flash_bytes=board.flash_bytes + 1)
    ram, flash = excess_over_board(board, more)
    assert ram.startswith(f"--ram says 4,294,967,296 bytes, nucleo-l4r5zi has {board.ram_bytes:,}")
    assert flash.startswith(f"--flash says {board.flash_bytes + 1:,} bytes")


def test_core_on_its_own_may_have_any_memory() -> None:
    options = replace(OPTIONS, ram_bytes=2**40, flash_bytes=2**40)
    assert excess_over_board(find_target("cortex-m4"), options) == ()
