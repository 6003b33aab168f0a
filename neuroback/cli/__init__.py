# SPDX-License-Identifier: MIT
"""The command line: ``neuroback COMMAND ...``.

Each command is a module of its own with ``add_parser(subparsers)`` and ``run(args) -> int``; only
the one that is asked for is imported.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

COMMANDS = {
    "solve": "solve a formula, advised by the network",
    "predict": "predict the phases of a formula's variables",
    "check": "check a model or a proof against a formula",
    "backbone": "prove the literals that are true in every model",
    "models": "list the shipped checkpoints",
    "data": "make, import, label, split and verify data sets",
    "train": "train the network",
    "evaluate": "measure a checkpoint on a data set",
    "adapt": "find how to search the formulas of a folder",
    "bench": "run and compare solvers",
}

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

# Packages of the extras: what to install if one is missing.
_EXTRAS = {
    "train": ("torch", "torch_geometric", "lightning", "tensorboard", "safetensors", "pysat"),
    "bench": ("psutil", "scipy", "matplotlib", "tabulate", "cnfgen"),
    "adapt": ("optuna", "tqdm"),
}


def _columns() -> int:
    """The width of the terminal, as argparse finds it out, without the import of shutil."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0 and sys.__stdout__ is not None:
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
    return columns if columns > 0 else 80


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, width=_columns() - 2)


class Parser(argparse.ArgumentParser):
    """Usage errors in the form of all other errors: one line, exit code 2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": _formatter, **kwargs})

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"neuroback: error: {message} (see {self.prog} --help)\n")


def fail(message: object) -> int:
    """One line on standard error; the exit code of a failure."""
    text = " ".join(str(message).split("\n"))
    print(f"neuroback: error: {text}", file=sys.stderr, flush=True)
    return EXIT_FAILURE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        return _main(argv)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _main(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_standard_files()
    command = next((word for word in arguments if not word.startswith("-")), None)
    try:
        # Options before the command may ask for the list of all.
        alone = command in COMMANDS and arguments[0] == command
        parser = _parser(command, alone)
        prepare = getattr(sys.modules.get(f"neuroback.cli.{command}"), "prepare", list)
        args = parser.parse_args(prepare(arguments))
    except ModuleNotFoundError as error:
        return fail(_missing(error, str(command)))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else EXIT_USAGE
    # A caller that gives arguments is a program of its own, which must not be ended from here.
    args.own_process = argv is None
    return _run(args)


def _parser(command: str | None, alone: bool) -> Parser:
    """The parser with the arguments of ``command``; ``alone``: no other command is needed."""
    parser = Parser(
        prog="neuroback",
        description="A SAT solver whose initial phases are predicted by a graph neural network.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    subparsers = parser.add_subparsers(
        prog="neuroback",
        dest="command",
        metavar="COMMAND",
        required=True,
        parser_class=Parser,
    )
    for name, text in COMMANDS.items():
        if name == command:
            import_module(f"neuroback.cli.{name}").add_parser(subparsers)
        elif not alone:
            subparsers.add_parser(name, help=text)
    return parser


class _Version(argparse.Action):
    """The version is looked up only when asked for: that takes longer than a small formula."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import neuroback

        print(f"neuroback {neuroback.__version__}")
        parser.exit(0)


def _run(args: argparse.Namespace) -> int:
    from neuroback.errors import NeuroBackError

    try:
        module = import_module(f"neuroback.cli.{args.command}")
        if args.own_process and not getattr(module, "GUARDED", False):
            _interrupt_by_exception()
        code = module.run(args)
        sys.stdout.flush()
        return int(code)
    except NeuroBackError as error:
        return fail(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return EXIT_BROKEN_PIPE
    except ModuleNotFoundError as error:
        return fail(_missing(error, args.command))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        code = fail(f"{where}{error.strerror or error}")
        try:
            sys.stdout.flush()
        except OSError:
            _silence_stdout()
        return code
    except MemoryError:
        return fail("out of memory")


def _interrupt_by_exception() -> None:
    """From here on Ctrl-C is a KeyboardInterrupt again, unless it is ignored (``nohup``)."""
    import signal

    from neuroback import start

    if signal.getsignal(signal.SIGINT) is start._leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _open_standard_files() -> None:
    """If one is closed, the next file to be opened would take its place."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            file = open(descriptor, "w" if descriptor else "r", closefd=False)  # noqa: SIM115
            setattr(sys, name, file)


def _silence_stdout() -> None:
    """Nobody reads us any more: let the interpreter's last flush go nowhere."""
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
    except (OSError, ValueError):
        pass


def _missing(error: ModuleNotFoundError, command: str) -> str:
    package = (error.name or "").partition(".")[0]
    for extra, packages in _EXTRAS.items():
        if package in packages:
            return (
                f"the command {command!r} needs the package {package!r}; "
                f"pip install 'neuroback[{extra}]' brings it"
            )
    return f"the command {command!r} needs the module {error.name!r}, which is not there"
