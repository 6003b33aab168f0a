# SPDX-License-Identifier: MIT
"""``neuroback train``: fit the network to labelled formulas."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

from neuroback.cli import COMMANDS, EXIT_INTERRUPTED, EXIT_USAGE, fail
from neuroback.process.progress import formula_bar

DESCRIPTION = """\
Train the network.  "pretrain" starts from random weights, "finetune" from a checkpoint.  DATA are
data sets as "neuroback data" makes them; only formulas of role "train" are read.  The run is a
folder: the best network is OUT/model.safetensors with OUT/model.json, metrics per epoch are in
OUT/metrics.csv and OUT/tensorboard.  Options are those of neuroback.train.config, from a TOML
file or as --set KEY=VALUE.

"choose" teaches a checkpoint which search suits a formula: DATA are records of "neuroback bench
run" of two plain searches or more on the same formulas, OUT is the checkpoint to write.  It needs
no PyTorch.  Nothing is written unless families held out whole show that it saves time.
"""


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "train",
        help=COMMANDS["train"],
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("mode", choices=("pretrain", "finetune", "choose"))
    parser.add_argument("data", nargs="*", metavar="DATA", help="folders of labelled formulas")
    parser.add_argument("-o", "--output", metavar="OUT", help="folder of the run")
    parser.add_argument("--config", metavar="TOML", help="options of the run")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one option; repeatable"
    )
    parser.add_argument(
        "--from", dest="start", metavar="MODEL", default="default", help="finetune: the checkpoint"
    )
    parser.add_argument(
        "--formulas", metavar="DIR", help="choose: what the paths in the records begin in"
    )
    parser.add_argument(
        "--observed", metavar="FILE", help="choose: what was seen of the formulas, kept there"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in OUT")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.data or args.output is None:
        fail("train needs DATA and -o OUT, see train --help")
        return EXIT_USAGE
    if args.mode == "choose":
        from neuroback.cli.choose import choose

        return choose(args)
    # Large buffers come and go with every batch; without this each is mapped and faulted anew.
    _keep_memory()
    try:
        with _ended_by_signals(), _own_temporary_folder():
            return _run(args)
    except (KeyboardInterrupt, SystemExit) as leaving:
        if not args.own_process:
            raise
        # All is cleaned up; taking PyTorch apart would take the interpreter seconds.
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        code = getattr(leaving, "code", EXIT_INTERRUPTED)
        os._exit(code if isinstance(code, int) else EXIT_INTERRUPTED)


def _run(args: argparse.Namespace) -> int:
    from dataclasses import replace
    from pathlib import Path

    from lightning.fabric.utilities.rank_zero import rank_zero_only

    from neuroback.model import checkpoint
    from neuroback.train.choice import CLOSED
    from neuroback.train.config import TrainConfig, read_config
    from neuroback.train.data import load_examples
    from neuroback.train.loop import train

    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    start = checkpoint.load(args.start) if args.mode == "finetune" else None
    defaults = TrainConfig()
    if start is not None:
        shape = start.config
        defaults = replace(defaults, layers=shape.layers, attention_layers=shape.attention_layers)
    config = read_config(args.config, args.set, defaults)
    # Of several processes the first speaks.
    examples = load_examples(
        args.data,
        max_edges=config.max_edges,
        soft_weight=config.soft_weight,
        report=formula_bar(quiet=getattr(rank_zero_only, "rank", 0) != 0),
    )
    say = rank_zero_only(print)
    limit = f"{config.minutes:g} minutes or " if config.minutes else ""
    say(f"{len(examples)} labelled formulas; {limit}{config.epochs} epochs at most", flush=True)

    def report(figures: dict[str, Any]) -> None:
        print("  ".join(f"{key} {value}" for key, value in figures.items()), flush=True)

    card = {"data": {"sets": [Path(path).name for path in args.data], "formulas": len(examples)}}
    model = train(
        examples,
        Path(args.output),
        config,
        start=start,
        resume=args.resume,
        card=card,
        on_epoch=report,
    )
    chosen = f"threshold {model.threshold}"
    if model.gate == CLOSED:
        chosen = (
            "no advice by default: no threshold is shown to be right on formulas that did not train"
        )
    say(f"best network: {Path(args.output) / 'model.safetensors'}, {chosen}")
    return 0


@contextlib.contextmanager
def _own_temporary_folder() -> Iterator[None]:
    """What PyTorch and PyG generate and leave behind goes where it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="neuroback-train-", ignore_cleanup_errors=True) as own:
        names = ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR")
        before = {name: os.environ.get(name) for name in names}, tempfile.tempdir
        os.environ.update(dict.fromkeys(names, own))
        tempfile.tempdir = own
        try:
            yield
        finally:
            tempfile.tempdir = before[1]
            for name, value in before[0].items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as an exception, so that it can clean up; then the command
    ends with 128 + their number."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        # `nohup` asks that hanging up is ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_memory() -> None:
    """Tell glibc to reuse large blocks instead of returning them (mallopt; elsewhere a no-op)."""
    import ctypes

    if not sys.platform.startswith("linux") or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    m_trim_threshold, m_mmap_threshold = -1, -3
    # 32 MiB is the largest that glibc accepts.
    mallopt(m_mmap_threshold, 1 << 25)
    mallopt(m_trim_threshold, (1 << 31) - 1)
