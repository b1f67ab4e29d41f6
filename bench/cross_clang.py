"""Clang in place of GCC, for every processor that GCC compiles for here."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from cnnc.simulator.toolsets import Toolset


def clang_toolset(toolset: Toolset, triple: str, folder: Path) -> Toolset:
    """Return tools that compile with Clang, against the C library of GCC, which links.

    Args:
        toolset: GCC for the same processor.
        triple: What Clang's ``--target`` takes; empty for this machine's.
        folder: Exists; where a script goes that calls either.
    """
    verbose = [toolset.compiler, "-E", "-v", "-xc", os.devnull]
    done = subprocess.run(verbose, capture_output=True, text=True, check=True)  # noqa: S603
    found = [Path(line.strip()) for line in done.stderr.splitlines() if line.startswith(" /")]
    headers = " ".join(f'-idirafter "{place}"' for place in reversed(found) if place.is_dir())
    script = folder / "clang_and_gcc"
    aim = f"--target={triple} " if triple else ""
    clang = f'"{shutil.which("clang")}" {aim}{headers}'
    script.write_text(
        "#!/bin/sh\n"
        'case " $* " in\n'
        f'*" -c "*) exec {clang} -Qunused-arguments "$@" ;;\n'
        f'*) exec "{toolset.compiler}" "$@" ;;\n'
        "esac\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    flags = tuple(flag for flag in toolset.compile_flags if not flag.startswith("--specs"))
    return replace(toolset, compiler=str(script), compile_flags=flags)
