"""Cycles of a core, modelled from what it executed, where its maker publishes the timing.

    cycles = sum over instructions of executed * cost + left * refill + pieces

``pieces`` are the further accesses of unaligned halfwords and words. ``cost`` and ``refill`` come
from Arm's technical reference manuals: Cortex-M4 (DDI 0439, table 3-1 and section 3.3.3; floating
point: table 7-1), Cortex-M3 (DDI 0337, table 3-1 and 3.3.2), Cortex-M0+ (DDI 0484, table 3-1) and
Cortex-M0 (DDI 0432, table 3-1). All of them assume memory without wait states. For the dual-issue
and later cores (M7, M33, M55, M85) no such table is published.

What the model leaves out: wait states, prefetch buffers and caches; bus contention, of literal
loads with instruction fetches too; the cycle that an address waits for a result of the instruction
just before it (M3, M4). Where the manuals give a range, it takes:

- a pipeline refill of 1 to 3 cycles (M3, M4): 2;
- a division of 2 to 12 cycles (M3, M4): 7;
- long multiplications, which end early for small operands (M3): the most.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnnc.simulator.counting import Executions, Interval
from cnnc.simulator.disassembly import Instruction

_CONDITIONS = "eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_BRANCH = re.compile(rf"(b|bx|blx|b({_CONDITIONS})|bx({_CONDITIONS})|cbn?z)")
_LOAD = re.compile(r"(ldr|vldr)(?!d|ex)")
_STORE = re.compile(r"(str|vstr)(?!d|ex)")
_PAIR = re.compile(r"(ldrd|strd)")
_MULTIPLE = re.compile(r"(ldm|stm|push|pop|vldm|vstm|vpush|vpop)")
_LONG_MULTIPLY = re.compile(r"[su]mull")
_LONG_MULTIPLY_ACCUMULATE = re.compile(r"[su]mlal")
_MULTIPLY_ACCUMULATE = re.compile(r"ml[as]")
_DIVIDE = re.compile(r"[su]div")
_FLOAT_MULTIPLY_ACCUMULATE = re.compile(r"v(mla|mls|fma|fms|nmla|nmls|fnma|fnms)")
_FLOAT_DIVIDE = re.compile(r"v(div|sqrt)")
_TABLE_BRANCH = re.compile(r"tb[bh]")
_SYSTEM = re.compile(r"mrs|msr|dsb|dmb|isb")

_REGISTER_RANGE = re.compile(r"[a-z]+(\d+)\s*-\s*[a-z]+(\d+)")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one core's manual says, in cycles.

    Attributes:
        source: The manual.
        load: A single load.
        load_after_load: The same right behind a load that does not make its address.
        store: A single store.
        store_register_offset: A store to base + register that is not right behind a load.
        refill: Added by every branch that is taken.
        call: Added by BL instead.
        load_pc: Added by a load or pop of the program counter, instead.
        table_branch: TBB and TBH as a whole.
        multiply_accumulate: MLA and MLS.
        long_multiply: SMULL and UMULL.
        long_multiply_accumulate: SMLAL and UMLAL.
        divide: SDIV and UDIV.
        system: MRS, MSR and the barriers.
    """

    source: str
    load: int = 2
    load_after_load: int
    store: int
    store_register_offset: int = 2
    refill: int
    call: int
    load_pc: int
    table_branch: int = 6
    multiply_accumulate: int = 1
    long_multiply: int = 1
    long_multiply_accumulate: int = 1
    divide: int = 7
    system: int = 1


TIMINGS: Mapping[str, Timing] = {
    "cortex-m0": Timing(
        source="Arm Cortex-M0 TRM (DDI 0432), zero wait states, single-cycle multiplier",
        load_after_load=2,
        store=2,
        refill=2,
        call=3,
        load_pc=3,
        system=4,
    ),
    "cortex-m0plus": Timing(
        source="Arm Cortex-M0+ TRM (DDI 0484), zero wait states, single-cycle multiplier",
        load_after_load=2,
        store=2,
        refill=1,
        call=2,
        load_pc=2,
        system=3,
    ),
    "cortex-m3": Timing(
        source="Arm Cortex-M3 TRM (DDI 0337), zero wait states",
        load_after_load=1,
        store=1,
        refill=2,
        call=2,
        load_pc=2,
        multiply_accumulate=2,
        long_multiply=5,
        long_multiply_accumulate=7,
    ),
    "cortex-m4": Timing(
        source="Arm Cortex-M4 TRM (DDI 0439), zero wait states",
        load_after_load=1,
        store=1,
        refill=2,
        call=2,
        load_pc=2,
    ),
}
"""The cores whose timing is published, by the name that boards/cores.toml has in ``timing``."""


def modelled_cycles(
    timing: Timing, instructions: Mapping[int, Instruction], interval: Interval
) -> int:
    """Return the cycles of an interval.

    Args:
        timing: The core's.
        instructions: The program by address.
        interval: What was executed.
    """
    return sum(
        _cycles(timing, instructions, address, site) for address, site in interval.sites.items()
    )


def _cycles(
    timing: Timing, instructions: Mapping[int, Instruction], address: int, site: Executions
) -> int:
    instruction = instructions.get(address)
    if instruction is None:
        return site.executed
    before = instruction.previous
    previous = instructions.get(before) if before is not None else None
    cost, refill = _cost(timing, instruction, previous), _refill(timing, instruction)
    return site.executed * cost + site.left * refill + site.pieces


def _cost(timing: Timing, instruction: Instruction, previous: Instruction | None) -> int:
    """Return the cycles of an instruction that goes on to the next one."""
    mnemonic = instruction.mnemonic
    if _PAIR.match(mnemonic):
        return 3
    if _LOAD.match(mnemonic):
        return timing.load_after_load if _follows_load(instruction, previous) else timing.load
    if _STORE.match(mnemonic):
        offset = re.search(r"\[\w+, [a-z]", instruction.operands) is not None
        alone = previous is None or not _LOAD.match(previous.mnemonic)
        return timing.store_register_offset if offset and alone else timing.store
    if _MULTIPLE.match(mnemonic):
        return 1 + _registers(instruction.operands)
    return _arithmetic_cost(timing, mnemonic)


def _arithmetic_cost(timing: Timing, mnemonic: str) -> int:
    costs = (
        (_LONG_MULTIPLY_ACCUMULATE, timing.long_multiply_accumulate),
        (_LONG_MULTIPLY, timing.long_multiply),
        (_MULTIPLY_ACCUMULATE, timing.multiply_accumulate),
        (_DIVIDE, timing.divide),
        (_FLOAT_MULTIPLY_ACCUMULATE, 3),
        (_FLOAT_DIVIDE, 14),
        (_TABLE_BRANCH, timing.table_branch),
        (_SYSTEM, timing.system),
    )
    return next((cost for pattern, cost in costs if pattern.match(mnemonic)), 1)


def _refill(timing: Timing, instruction: Instruction) -> int:
    """Return what is added where the next instruction is elsewhere."""
    mnemonic, operands = instruction.mnemonic, instruction.operands
    if mnemonic == "bl":
        return timing.call
    if _BRANCH.fullmatch(mnemonic):
        return timing.refill
    if _MULTIPLE.match(mnemonic) and re.search(r"\bpc\b", operands):
        return timing.load_pc
    if _LOAD.match(mnemonic) and operands.startswith("pc"):
        return timing.load_pc
    writes_pc = operands.startswith("pc") and mnemonic.startswith(("mov", "add"))
    return timing.refill if writes_pc else 0


def _follows_load(instruction: Instruction, previous: Instruction | None) -> bool:
    """Whether a load is pipelined behind another one: unless that one loads its address."""
    if previous is None or not _LOAD.match(previous.mnemonic):
        return False
    loaded = previous.operands.split(",")[0].strip()
    address = instruction.operands.partition("[")[2]
    return loaded not in re.findall(r"[a-z]+\d*", address)


def _registers(operands: str) -> int:
    """Return the number of 32-bit registers in ``{r4, r5, s16-s19, pc}``."""
    listed = operands.partition("{")[2].partition("}")[0]
    count = 0
    for entry in listed.split(","):
        span = _REGISTER_RANGE.match(entry.strip())
        words = 2 if entry.strip().startswith("d") else 1
        count += words * (int(span[2]) - int(span[1]) + 1 if span else 1)
    return count
