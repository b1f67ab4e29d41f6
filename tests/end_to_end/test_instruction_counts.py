"""Instructions and bytes of small networks on Cortex-M and Raspberry Pi: none may grow unnoticed.

The golden file holds ceilings. What gets better passes; ``pytest --update-golden``, in one process,
writes what is measured now.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import GOLDEN_FOLDER
from tests.support.compiling import no_progress
from tests.support.onnx_networks import write_separable

from cnnc.deploy.cores import cores
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.run import SimulationRequest, simulate

CEILINGS = GOLDEN_FOLDER / "test_instruction_counts" / "ceilings.json"
EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"

CORES = (
    "cortex-m0plus",
    "cortex-m4",
    "cortex-m55",
    "arm1176",
    "cortex-a7",
    "cortex-a72",
    "cortex-a76",
)
ROOM = 1.01
"""Factor above a ceiling that passes: changes elsewhere move the compiler's choices a little."""
ROOM_FOR_ANOTHER_COMPILER = 1.3

NETWORKS: dict[str, Callable[[Path], Path]] = {
    "resnet_s": lambda folder: EXAMPLE,
    "separable": lambda folder: write_separable(folder / "separable.onnx"),
}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("network", NETWORKS)
def test_nothing_grows(
    tmp_path: Path, network: str, core: str, request: pytest.FixtureRequest
) -> None:
    measured = _measure(NETWORKS[network](tmp_path), tmp_path / "compiled", core)
    ceilings: dict[str, Any] = json.loads(CEILINGS.read_text()) if CEILINGS.is_file() else {}
    if request.config.getoption("--update-golden"):
        ceilings.setdefault(network, {})[core] = measured
        ceilings.setdefault("compilers", {})[core] = _compiler_version(core)
        CEILINGS.parent.mkdir(parents=True, exist_ok=True)
        CEILINGS.write_text(json.dumps(ceilings, indent=1, sort_keys=True) + "\n")
    assert ceilings, f"{CEILINGS} is missing; run pytest --update-golden and review it"
    same = ceilings["compilers"][core] == _compiler_version(core)
    room = ROOM if same else ROOM_FOR_ANOTHER_COMPILER
    allowed = {name: room * value for name, value in ceilings[network][core].items()}
    grown = {name: value for name, value in measured.items() if value > allowed[name]}
    assert not grown, f"{network} on {core}: {grown}, allowed {allowed}"


def test_counts_are_the_same_in_every_run(tmp_path: Path) -> None:
    network = write_separable(tmp_path / "separable.onnx")
    counts = [_measure(network, tmp_path / str(i), "cortex-m4") for i in range(2)]
    assert counts[0] == counts[1]


def _measure(model: Path, output: Path, core: str) -> dict[str, int]:
    """Compile from synthetic data and run one input; everything is the same in every run."""
    options = CompileOptions(model=model, target=core, output=output)
    directory, report = compile_to_folder(options, no_progress, print)
    simulated = simulate(directory, SimulationRequest(random=1, engines=("target",)))
    target = simulated.to_json()["engines"]["target"]
    assert target["bit_exact"]
    sizes = {
        "instructions": target["instructions_per_inference"],
        "constant_bytes": report.weight_bytes,
        "arena_bytes": report.arena_bytes,
    }
    if target["code_bytes"] is None:
        # Under Linux the sizes are those of the object files, and nothing measures the stack.
        return {**sizes, "code_bytes": target["flash_bytes"] - report.weight_bytes}
    return {
        **sizes,
        "code_bytes": target["code_bytes"],
        "stack_bytes": target["stack_bytes"],
    }


def _compiler_version(core: str) -> str:
    (compiler, *_) = cores()[core].compilers
    done = subprocess.run(
        [compiler, "-dumpfullversion"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
