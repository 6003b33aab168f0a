# SPDX-License-Identifier: MIT
"""One run: start the engine, wait, judge, and make the record of it.

``execute`` is a plain function of picklable arguments, so that threads of this process and
workers of a cluster carry it out alike.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuroback.bench import host, output, verify
from neuroback.bench.adapters import Adapter, Explanation, Job, Stopped
from neuroback.bench.record import Limits, Reason, Record
from neuroback.bench.suite import Cache, Task, default_cache
from neuroback.errors import BenchError, NeuroBackError
from neuroback.process import cpus, memory, slot
from neuroback.process.attend import how_it_ended

# An engine that prints without end must not fill the disk.
MOST_OUTPUT_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every run of a bench.

    time, cpu        seconds of wall and of CPU time, or None
    memory_mib       of the whole process tree, or None
    grace            seconds between SIGTERM and SIGKILL
    cores            cores a run is pinned to; 0 leaves it where the system puts it
    proofs           ask for DRAT proofs, and check them for at most `check_seconds`
    """

    time: float | None = None
    cpu: float | None = None
    memory_mib: int | None = None
    grace: float = 0.5
    cores: int = 1
    slots: int = 1
    proofs: bool = True
    check_seconds: float = 300.0
    check_memory_mib: int | None = None
    proof_mib: int = 4096
    cgroup: bool = True
    cache: str = field(default_factory=lambda: str(default_cache()))
    scratch: str | None = None
    token: str = ""
    commit: str | None = None
    dirty: bool | None = None

    @property
    def limits(self) -> Limits:
        return Limits(self.time, self.cpu, self.memory_mib)


@dataclass(frozen=True, slots=True)
class Order:
    """One run to do."""

    key: str
    task: Task
    adapter: Adapter
    version: str
    seed: int
    number: int
    place: int = 0


def execute(order: Order, settings: Settings) -> Record:
    """Carry out one run on the calling thread's slot; the record, whatever happens."""
    here = slot.here(settings.token, max(1, settings.cores))
    _pin(here, settings)
    scratch = Path(tempfile.mkdtemp(prefix="neuroback-bench-", dir=settings.scratch))
    try:
        return _execute(order, settings, here, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _pin(here: slot.Slot, settings: Settings) -> None:
    """Keep this thread (reading, checking) on the cores of its own slot."""
    if settings.cores and here.cpus and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, here.cpus)


def _execute(order: Order, settings: Settings, here: slot.Slot, scratch: Path) -> Record:
    task, adapter = order.task, order.adapter
    cache = Cache(Path(settings.cache))
    record = _blank(order, settings, here)
    proof = scratch / "proof" if settings.proofs and adapter.proves else None
    job = Job(
        source=Path(task.path),
        plain=Path(settings.cache),
        formula_hash=task.formula_hash,
        variables=task.variables,
        seed=order.seed,
        scratch=scratch,
        proof=proof,
        cache=Path(settings.cache),
        ask=lambda command: _ask(here, settings, scratch, command),
    )
    try:
        job.plain = cache.plain(task.formula_hash, job.source)
        ahead = adapter.prepare(job)
        command = adapter.command(job)
    except Stopped as error:
        if error.reason == "time" and settings.time is not None:
            record.wall_seconds = record.cpu_seconds = settings.time
        return _failed(record, error.reason, str(error))
    except (NeuroBackError, OSError) as error:
        return _failed(record, "crashed", str(error))
    record.command = [Path(command[0]).name, *(_named(word, job) for word in command[1:])]
    out, err = scratch / "stdout", scratch / "stderr"
    wall = None if settings.time is None else settings.time - ahead
    if wall is not None and wall <= 0:
        # Prediction alone took the whole limit.
        record.wall_seconds, record.cpu_seconds = settings.time or 0.0, ahead
        record.seconds["predict"] = ahead
        return _failed(record, "time", "the prediction took the whole limit")
    sizes = {str(out): MOST_OUTPUT_BYTES}
    if proof is not None:
        sizes[str(proof)] = settings.proof_mib * 1048576
    before = host.Snapshot.take(here.cpus)
    try:
        ended = here.run(
            {
                "argv": command,
                "env": dict(os.environ),
                "stdout": str(out),
                "stderr": str(err),
                "wall": wall,
                "cpu": None if settings.cpu is None else max(0.01, settings.cpu - ahead),
                "memory_mib": settings.memory_mib,
                "grace": settings.grace,
                "cpus": here.cpus if settings.cores else [],
                "sizes": sizes,
                "cgroup": settings.cgroup,
            }
        )
    except slot.SupervisorLost as error:
        return _failed(record, "host", str(error))
    except slot.RunError as error:
        return _failed(record, "crashed", str(error))
    notes = host.disturbances(
        before,
        host.Snapshot.take(here.cpus),
        wall=ended["wall"],
        cpu=ended["cpu"],
        waited=ended["waited"],
    )
    if here.shared and settings.cores:
        notes.append("cores claimed by another bench too")
    _measured(record, ended, ahead)
    record.disturbed = notes
    answer = _read(out)
    explanation = _explain(adapter, answer)
    record.seconds = explanation.seconds
    if ahead:
        record.seconds["predict"] = ahead
    record.statistics = explanation.statistics
    record.advice = {
        name: _named(value, job) if isinstance(value, str) else value
        for name, value in explanation.advice_report.items()
    }
    _give_reason(record, ended, answer, explanation, adapter, settings, err)
    if record.reason != "answered":
        answer.status = "UNKNOWN"
    verdict = verify.verify(
        answer,
        job.plain,
        known=task.known,
        known_from=task.known_from,
        proof=proof,
        # PySAT reads some proofs back before the solver has flushed them: cut off, not wrong.
        lenient=adapter.kind == "pysat",
        proof_seconds=settings.check_seconds,
        proof_memory_mib=settings.check_memory_mib,
        slot=here,
    )
    denied = output.contradiction(answer, ended["exit"])
    if record.reason == "answered" and denied is not None:
        record.add_note(denied)
        if verdict.verdict == "unchecked":
            # Two stories of one run, and nothing that tells which is true.
            record.reason = "crashed"
            answer.status = "UNKNOWN"
            verdict = verify.Verdict("none")
    record.status = answer.status
    record.verdict = verdict.verdict
    record.checked_by = verdict.checked_by
    record.check_seconds = round(verdict.seconds, 4)
    record.add_note(verdict.note)
    if proof is not None and proof.is_file():
        record.proof_bytes = proof.stat().st_size
    return record


def _measured(record: Record, ended: dict[str, Any], ahead: float) -> None:
    """The supervisor's figures; ``ahead`` seconds were spent before and count as the engine's."""
    record.wall_seconds = round(ended["wall"] + ahead, 6)
    record.cpu_seconds = round(ended["cpu"] + ahead, 6)
    record.user_seconds = round(ended["user"], 6)
    record.system_seconds = round(ended["system"], 6)
    record.peak_mib = round(ended["peak_mib"], 3)
    record.waited_seconds = round(ended["waited"], 4)
    record.exit_code = ended["exit"]
    record.signal = ended["signal"]
    record.processes = ended["processes"]
    record.left_behind = ended["left"]
    record.contained_by = ended["contained_by"]


def _ask(here: slot.Slot, settings: Settings, scratch: Path, command: list[str]) -> bytes:
    """Run a command that an engine needs beforehand, as a run of its own, and give its output."""
    out, err = scratch / "asked", scratch / "asked.trouble"
    ended = here.run(
        {
            "argv": command,
            "env": dict(os.environ),
            "stdout": str(out),
            "stderr": str(err),
            "wall": settings.time,
            "memory_mib": settings.memory_mib,
            "grace": settings.grace,
            "cpus": here.cpus if settings.cores else [],
            "cgroup": settings.cgroup,
        }
    )
    if ended["stopped_by"] is not None:
        reasons: dict[str, Reason] = {"cancel": "interrupted", "memory": "memory"}
        reason = reasons.get(ended["stopped_by"], "time")
        raise Stopped(reason, f"the prediction met its limit: {reason}")
    if ended["exit"] not in (0, 10, 20):
        said = output.tail(err, 300) or f"exit code {ended['exit']}"
        raise BenchError(f"inference failed: {said}")
    return out.read_bytes()


def _give_reason(
    record: Record,
    ended: dict[str, Any],
    answer: output.Answer,
    explanation: Explanation,
    adapter: Adapter,
    settings: Settings,
    err: Path,
) -> None:
    """Why the run ended, and whether an answer it printed may count."""
    stopped = ended["stopped_by"]
    # Programs of others end as they like: a claim of theirs is judged by its certificate.
    claimed = not adapter.strict and answer.status != "UNKNOWN"
    strange = ended["exit"] not in (0, 10, 20) and not claimed
    denied = output.contradiction(answer, ended["exit"])
    hurt = any(note.startswith("oom") for note in record.disturbed)
    late = settings.time is not None and record.wall_seconds > settings.time
    if stopped == "cancel":
        record.reason = "interrupted"
    elif stopped in ("time", "cpu") or late:
        record.reason = "time"
        record.stopped_by = "cpu" if stopped == "cpu" else "wall"
    elif stopped == "memory":
        record.reason = "memory"
    elif stopped == "size":
        record.reason = "host"
        record.add_note(f"wrote more than {settings.proof_mib} MiB of proof, or of output")
    elif ended["signal"] or strange:
        if ended["signal"] == 9 and hurt:
            record.reason = "host"
        elif _out_of_memory(record, settings, err):
            record.reason = "memory"
        else:
            record.reason = "crashed"
        record.add_note(how_it_ended(ended["exit"], ended["signal"]))
        record.add_note(output.tail(err))
    elif answer.trouble is not None:
        record.reason = "crashed"
        record.add_note(answer.trouble)
    elif denied is not None and not claimed:
        record.reason = "crashed"
        record.add_note(denied)
    elif explanation.failed is not None:
        record.reason = "crashed"
        record.add_note(explanation.failed)
        record.failed = True
    elif answer.status == "UNKNOWN" and explanation.limit is not None:
        record.reason = explanation.limit
    else:
        record.reason = "answered"


def _out_of_memory(record: Record, settings: Settings, err: Path) -> bool:
    """Did an engine that ended by itself do so because it got no more memory?"""
    if settings.memory_mib is None:
        return False
    if record.peak_mib >= 0.95 * settings.memory_mib:
        return True
    return memory.says_out_of_memory(output.tail(err, 4000))


def _read(out: Path) -> output.Answer:
    try:
        text = out.read_bytes()
    except OSError:
        text = b""
    return output.parse(text)


def _explain(adapter: Adapter, answer: output.Answer) -> Explanation:
    try:
        return adapter.explain(answer)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        return Explanation(failed=f"output not understood: {error}")


def _named(text: str, job: Job) -> str:
    """Names instead of this machine's folders: records are published."""
    for path, name in ((job.plain, "FORMULA"), (job.source, "FORMULA"), (job.scratch, "SCRATCH")):
        text = text.replace(str(path), name)
    return text


def _blank(order: Order, settings: Settings, here: slot.Slot) -> Record:
    task, adapter = order.task, order.adapter
    cores = {cpus.physical_core(cpu) for cpu in here.cpus}
    caches = {cpus.last_level_cache(cpu) for cpu in here.cpus}
    others = slot.others(here)
    return Record(
        key=order.key,
        formula=task.name,
        family=task.family,
        formula_hash=task.formula_hash,
        gbd_hash=task.gbd_hash,
        variables=task.variables,
        clauses=task.clauses,
        known=task.known,
        role=task.role,
        engine=adapter.label,
        kind=adapter.kind,
        options=adapter.options,
        version=order.version,
        command=[],
        seed=order.seed,
        limits=settings.limits,
        status="UNKNOWN",
        verdict="none",
        reason="crashed",
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_mib=0.0,
        seconds={},
        statistics={},
        advice={},
        disturbed=[],
        note=None,
        checked_by=None,
        check_seconds=0.0,
        host=host.describe(),
        load=host.load(),
        cpus=here.cpus if settings.cores else [],
        slots=settings.slots,
        shares_core=any(cores & {cpus.physical_core(c) for c in o.cpus} for o in others),
        shares_cache=any(caches & {cpus.last_level_cache(c) for c in o.cpus} for o in others),
        commit=settings.commit,
        dirty=settings.dirty,
        number=order.number,
        place=order.place,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def _failed(record: Record, reason: Reason, note: str) -> Record:
    record.reason = reason
    if note.startswith("inference failed"):
        record.failed = True
    record.add_note(note)
    return record
