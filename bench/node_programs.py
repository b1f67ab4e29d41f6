"""Build and run many small networks as one program: a process and a compiler call for them all."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnc.codegen.emit import emit
from cnnc.codegen.program import CProgram
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray
from cnnc.simulator.toolsets import Toolset, host_toolset

_TIME_LIMIT_SECONDS = 300
_MAIN = """\
#include <stdio.h>
#include <stdlib.h>

{sources}
typedef int (*network_call)(FILE *in, FILE *out);
static const network_call CALLS[] = {{{calls}}};

int main(int argc, char **argv) {{
    FILE *in = fopen(argv[1], "rb");
    FILE *out = fopen(argv[2], "wb");
    int failed = argc != 3 || in == NULL || out == NULL;
    for (size_t i = 0; !failed && i < sizeof CALLS / sizeof *CALLS; i++) {{
        failed = CALLS[i](in, out);
    }}
    return failed || fclose(out) != 0;
}}
"""
_CALL = """\
static int {name}_call(FILE *in, FILE *out) {{
    static CNNC_ALIGNED({macro}_ARENA_ALIGNMENT) int8_t memory[{macro}_ARENA_BYTES];
    struct {name}_context context;
    if ({name}_init(&context, memory, sizeof memory) != {macro}_OK) {{
        return 1;
    }}
{inputs}    if ({name}_run(&context) != {macro}_OK) {{
        return 1;
    }}
{outputs}    return 0;
}}
"""
_INPUT = """\
    {c_type} *const {port} = ({c_type} *)malloc({macro}_{upper}_BYTES);
    if ({port} == NULL || fread({port}, 1, {macro}_{upper}_BYTES, in) != {macro}_{upper}_BYTES) {{
        return 1;
    }}
    {name}_permute_{port}({port}, {name}_{port}(&context));
    free({port});
"""
_OUTPUT = """\
    {c_type} *const {port} = ({c_type} *)malloc({macro}_{upper}_BYTES);
    if ({port} == NULL) {{
        return 1;
    }}
    {name}_permute_{port}({name}_{port}(&context), {port});
    (void)fwrite({port}, 1, {macro}_{upper}_BYTES, out);
    free({port});
"""
_STORED_INPUT = """\
    if (fread({name}_{port}(&context), 1, {macro}_{upper}_BYTES, in) != {macro}_{upper}_BYTES) {{
        return 1;
    }}
"""
_STORED_OUTPUT = """\
    (void)fwrite({name}_{port}(&context), 1, {macro}_{upper}_BYTES, out);
"""
_TEMPLATES = {
    ("float32", "input"): _INPUT,
    ("float32", "output"): _OUTPUT,
    ("int8", "input"): _STORED_INPUT,
    ("int8", "output"): _STORED_OUTPUT,
}
"""By type of the network and kind of port: bytes of int8 networks are in storage order."""


class ProgramFailedError(Exception):
    """A program does not compile, or did not end well."""


@dataclass(frozen=True, eq=False)
class Job:
    """A network with one sample.

    Attributes:
        model: Its name is unique among the jobs of a program, but for other samples of it.
        program: The C that it becomes.
        inputs: Port name -> array of the port's element type; in ONNX order for float32 networks,
            as it is stored for int8.
    """

    model: QuantModel
    program: CProgram
    inputs: Mapping[str, AnyArray]


def run_jobs(
    jobs: Sequence[Job], folder: Path, toolset: Toolset | None = None
) -> list[list[AnyArray]]:
    """Return the outputs of every job, in the order of its inputs' axes.

    Args:
        jobs: What to run.
        folder: Empty folder to build in.
        toolset: What builds it; the host's own without optimization by default.

    Raises:
        ProgramFailedError: Any job does not compile or crashes.
    """
    main = folder / "main.c"
    names = {job.model.name: job for job in jobs}
    texts = [_write(job, folder / name) for name, job in names.items()]
    calls = ", ".join(f"{job.model.name}_call" for job in jobs)
    main.write_text(_MAIN.format(sources="\n".join(texts), calls=calls), encoding="utf-8")
    toolset = toolset or host_toolset("-O0")
    includes = [f"-I{folder / name / place}" for name in names for place in ("include", "src")]
    command = [toolset.compiler, *toolset.compile_flags, *includes, str(main)]
    _call([*command, *toolset.link_flags, "-o", str(folder / "program")])
    packed = b"".join(
        np.ascontiguousarray(job.inputs[port.name]).tobytes()
        for job in jobs
        for port in job.model.inputs
    )
    (folder / "in").write_bytes(packed)
    _call([str(folder / "program"), str(folder / "in"), str(folder / "out")])
    return _read((folder / "out").read_bytes(), jobs)


def _write(job: Job, folder: Path) -> str:
    """Write the project of a job; returns the C that includes it and calls it."""
    name = job.model.name
    for path, content in emit(job.program).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    # One copy of the kernels for all: the headers of every project are the same.
    sources = [f'#include "{folder / "src" / name}{part}.c"' for part in ("_weights", "", "_io")]
    ports = {kind: _ports(job, kind) for kind in ("input", "output")}
    call = _CALL.format(
        name=name, macro=name.upper(), inputs=ports["input"], outputs=ports["output"]
    )
    return "\n".join([*sources, call])


def _ports(job: Job, kind: str) -> str:
    found = job.model.inputs if kind == "input" else job.model.outputs
    suffixes = [kind] if len(found) == 1 else [f"{kind}_{index}" for index in range(len(found))]
    template = _TEMPLATES[job.model.dtype, kind]
    return "".join(
        template.format(
            name=job.model.name,
            macro=job.model.name.upper(),
            port=suffix,
            upper=suffix.upper(),
            c_type=job.model.values[port.value].element_type.c_name,
        )
        for suffix, port in zip(suffixes, found, strict=True)
    )


def _read(data: bytes, jobs: Sequence[Job]) -> list[list[AnyArray]]:
    results: list[list[AnyArray]] = []
    begin = 0
    for job in jobs:
        arrays: list[AnyArray] = []
        for port in job.model.outputs:
            value = job.model.values[port.value]
            flat = np.frombuffer(data[begin : begin + value.bytes], value.element_type.numpy)
            real = job.model.dtype == "float32"
            arrays.append(flat.reshape(port.onnx_shape if real else value.shape))
            begin += value.bytes
        results.append(arrays)
    return results


def _call(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 (a compiler, or built by it a moment ago)
        command, capture_output=True, check=False, timeout=_TIME_LIMIT_SECONDS, text=True
    )
    if done.returncode != 0:
        first = next((line for line in done.stderr.splitlines() if "rror" in line), "")
        raise ProgramFailedError(f"{Path(command[0]).name} ended with {done.returncode}: {first}")
