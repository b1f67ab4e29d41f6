"""Judge ONNX's node tests: compile with ``--dtype float32``, build for this machine, compare."""

import logging
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from threadpoolctl import threadpool_limits

from bench.node_cases import (
    BoundCase,
    NodeCase,
    NotApplicableError,
    import_case,
    judged_cases,
    stored_type,
)
from bench.node_programs import Job, ProgramFailedError, run_jobs
from cnnc.codegen.lower import lower
from cnnc.errors import CnncError, InternalError, UnsupportedOpError
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray
from cnnc.passes.optimize import optimize
from cnnc.passes.simplify import simplify
from cnnc.quantize.keep_real import keep_real
from cnnc.simulator.inputs import store_inputs
from cnnc.simulator.reference import run_outputs

logger = logging.getLogger(__name__)

_JOBS_PER_PROGRAM = 48
_NO_ELEMENTS = "a tensor without elements: C has no such arrays"


@dataclass(frozen=True)
class NodeResult:
    """What became of one test.

    Attributes:
        name: Of the test.
        operator: What it is about.
        bound: Inputs that became constants.
        problem: Why it does not pass; empty if it does.
    """

    name: str
    operator: str
    bound: tuple[str, ...]
    problem: str

    @property
    def passed(self) -> bool:
        """Whether every output is what the test says."""
        return not self.problem


def judge(pattern: str = "") -> Iterator[NodeResult]:
    """Yield the results of the tests whose names contain the pattern, a program at a time."""
    names = [case.name for case in judged_cases(pattern)]
    yield from judge_named(names)


def judge_named(names: Sequence[str]) -> Iterator[NodeResult]:
    """Yield the results of some tests; one process for each core of this machine."""
    groups = [
        names[begin : begin + _JOBS_PER_PROGRAM]
        for begin in range(0, len(names), _JOBS_PER_PROGRAM)
    ]
    if len(groups) < 2:
        yield from _judge_group(names)
        return
    with ProcessPoolExecutor(min(len(groups), os.cpu_count() or 1)) as pool:
        for results in pool.map(_judge_group, groups):
            yield from results


def _judge_group(names: Sequence[str]) -> list[NodeResult]:
    wanted = set(names)
    cases = [case for case in judged_cases() if case.name in wanted]
    with threadpool_limits(limits=1, user_api="blas"):
        return judge_cases(cases)


def judge_cases(cases: Sequence[NodeCase]) -> list[NodeResult]:
    """Return the result of every test, in this order."""
    results: dict[str, NodeResult] = {}
    prepared: dict[str, tuple[BoundCase, Job]] = {}
    for case in cases:
        try:
            bound = import_case(case)
            result = NodeResult(case.name, case.operator, bound.bound, "")
            prepared[case.name] = (bound, _job(bound, len(prepared)))
        except (CnncError, NotApplicableError) as error:
            reason = _NO_ELEMENTS if case.has_empty_tensor else _refusal(error)
            result = NodeResult(case.name, case.operator, (), reason)
        except InternalError as error:
            result = NodeResult(case.name, case.operator, (), _refusal(error))
        results[case.name] = result
    for name, problem in _problems(prepared).items():
        results[name] = replace(results[name], problem=problem)
    return [results[case.name] for case in cases]


def _refusal(error: Exception) -> str:
    """Return the reason; of several nodes that are refused, that of the first."""
    text = error.problem if isinstance(error, CnncError) else str(error)
    if isinstance(error, UnsupportedOpError):
        first = error.unsupported[0]
        text = first.reason if len(error.unsupported) == 1 else f"{first.op_type}: {first.reason}"
    # Names and shapes are the test's own; without them, equal reasons are one.
    text = re.sub(r"'[^']*[_:/\d][^']*'", "...", text.splitlines()[0])
    return re.sub(r"\[[-\d, ]*\]", "[...]", text)


def _job(bound: BoundCase, index: int) -> Job:
    """Return what is compiled and run.

    Raises:
        CnncError: The network is refused.
        NotApplicableError: An input does not fit its type in C.
    """
    kept = keep_real(simplify(bound.imported))
    model = replace(optimize(kept), name=f"node_{index}")
    inputs = {
        port.name: stored_type(
            bound.case.inputs[port.name], model.values[port.value].element_type.numpy
        )
        for port in model.inputs
    }
    return Job(model, lower(model), inputs)


def _problems(prepared: dict[str, tuple[BoundCase, Job]]) -> dict[str, str]:
    """Return what is wrong with each network's outputs; empty where nothing is."""
    outputs = _run_all([job for _, job in prepared.values()])
    problems: dict[str, str] = {}
    for (name, (bound, job)), found in zip(prepared.items(), outputs, strict=True):
        if isinstance(found, str):
            problems[name] = found
        else:
            problems[name] = _judged(bound.case, job, found)
    return problems


def _run_all(jobs: Sequence[Job]) -> list[list[AnyArray] | str]:
    """Return the outputs of every job; of one whose program fails, why."""
    if not jobs:
        return []
    try:
        with tempfile.TemporaryDirectory(prefix="cnnc-nodes-") as folder:
            return list(run_jobs(jobs, Path(folder)))
    except InternalError as error:
        problem = _refusal(error)
    except ProgramFailedError as error:
        problem = f"the C fails: {error}"
    if len(jobs) == 1:
        return [problem]
    half = len(jobs) // 2
    return [*_run_all(jobs[:half]), *_run_all(jobs[half:])]


def _judged(case: NodeCase, job: Job, found: Sequence[AnyArray]) -> str:
    """Return what is wrong with a network's outputs; empty if nothing is."""
    problem = _difference(case.outputs, case, found)
    if problem and not _difference(_onnx_runtime_outputs(case), case, found):
        return "ONNX Runtime gives our numbers, which are not the test's"
    return problem or _other_bits(job, found)


def _onnx_runtime_outputs(case: NodeCase) -> Sequence[AnyArray]:
    """Return what ONNX Runtime computes; nothing where it refuses the test."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            case.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        found = session.run(None, dict(case.inputs))
    except Exception:
        # ONNX Runtime's exceptions have no common base class but Exception.
        logger.debug("ONNX Runtime does not run %s", case.name)
        return ()
    return [np.asarray(array) for array in found]


def _difference(outputs: Sequence[AnyArray], case: NodeCase, found: Sequence[AnyArray]) -> str:
    """Return how the outputs differ from others within the test's tolerance; empty if not."""
    if len(found) != len(outputs):
        return f"{len(found)} outputs instead of {len(outputs)}"
    for expected, array in zip(outputs, found, strict=True):
        if array.shape != expected.shape:
            return f"an output of shape {list(array.shape)} instead of {list(expected.shape)}"
        if not np.allclose(
            array.astype(np.float64),
            expected.astype(np.float64),
            rtol=case.rtol,
            atol=case.atol,
            equal_nan=True,
        ):
            return "other numbers"
    return ""


def _other_bits(job: Job, found: Sequence[AnyArray]) -> str:
    """Return whether the C gives other bits than the reference; empty if it does not."""
    model: QuantModel = job.model
    batch = {name: array[np.newaxis] for name, array in job.inputs.items()}
    with np.errstate(all="ignore"):
        values = run_outputs(model, store_inputs(model, batch))
    for port, array in zip(model.outputs, found, strict=True):
        stored = array.transpose(port.storage_axes)
        expected = values[port.value][0]
        same = (stored == expected) | (np.isnan(stored) & np.isnan(expected))
        if not same.all():
            return "the C differs from the compiler's reference"
    return ""
