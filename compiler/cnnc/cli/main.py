"""Parse the command line, run one verb, turn faults into messages and exit statuses."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from cnnc import __version__
from cnnc.cli import boards, compile_, doctor, evaluate, inspect_, simulate
from cnnc.cli.arguments import Parser
from cnnc.cli.console import Console
from cnnc.errors import CnncError

EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""128 + SIGPIPE: whoever read our output went away."""

_DESCRIPTION = """\
Compile a trained CNN to plain C, in int8 or float32, and prove that the C is right.

Exit status: 0 done and equal; 1 outputs differ, the C fails or nothing was compared;
2 the input is at fault; 3 a tool is missing."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    parser = Parser(
        prog="cnnc",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cnnc {__version__}")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="log every stage; tracebacks for internal faults",
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for module in (compile_, simulate, evaluate, inspect_, boards, doctor):
        module.add_parser(verbs)
    return parser


def program() -> None:
    """Run ``cnnc`` as a program: whatever happens to stdout, the interpreter ends quietly."""
    if sys.stdout is None or sys.stderr is None:  # closed by the caller
        null = os.open(os.devnull, os.O_WRONLY)
        sys.stdout = sys.stdout or os.fdopen(null, "w")
        sys.stderr = sys.stderr or os.fdopen(os.dup(null), "w")
    status = main()
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter flushes again at exit, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    console = Console(as_json="--json" in arguments)
    verbose = bool({"-v", "--verbose"} & set(arguments))
    try:
        with console.log_on_stderr(verbose=verbose):
            parsed = build_parser().parse_args(arguments)
            status: int = parsed.run(parsed, console)
    except CnncError as error:
        console.error(error)
        return error.exit_status
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE
    except MemoryError as error:
        refused = _too_large(error)
        console.error(refused)
        return refused.exit_status
    except Exception as error:
        if verbose:
            traceback.print_exc()
        console.error(_internal(error))
        return EXIT_INTERNAL
    return status


def _too_large(error: MemoryError) -> CnncError:
    return CnncError(
        f"this machine has too little memory for the network: {error or 'allocation failed'}",
        "choose a smaller input (--input-shape, where it is dynamic) or a machine with more "
        "memory; 'cnnc inspect' shows the shape of every node's result",
        "memory",
    )


def _internal(error: Exception) -> CnncError:
    return CnncError(
        f"internal error: {type(error).__name__}: {error}",
        "this is a bug in cnnc; 'cnnc -v ...' prints where, please report it with the model",
        "cnnc",
    )
