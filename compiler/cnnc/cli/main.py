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

_DESCRIPTION = """\
Compile a trained ONNX CNN to plain C running int8 inference, and prove that the C is right.

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``cnnc``; returns the exit status."""
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
        # The reader of our output went away; the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_INTERNAL
    except Exception as error:
        if verbose:
            traceback.print_exc()
        console.error(_internal(error))
        return EXIT_INTERNAL
    return status


def _internal(error: Exception) -> CnncError:
    return CnncError(
        f"internal error: {type(error).__name__}: {error}",
        "this is a bug in cnnc; 'cnnc -v ...' prints where, please report it with the model",
        "cnnc",
    )
