# SPDX-License-Identifier: MIT
"""The runner end to end: every kind of bad engine is caught, nothing finished is ever lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from neuroback.bench import record
from neuroback.cli import main
from neuroback.errors import BenchError
from neuroback.process import slot, tree

Program = Callable[[str, str], Path]

# A program that is there: for what ends before any engine starts.
ANY = f"command:{sys.executable}"

pytestmark = pytest.mark.skipif(not tree.HAS_PROC, reason="needs /proc")

ANSWER = """
text = open(formula).read()
unsat = text.startswith('p cnf 2 4')
"""
HONEST = (
    ANSWER
    + """
print('s UNSATISFIABLE' if unsat else 's SATISFIABLE')
if not unsat: print('v 1 -2 3 0')
sys.stdout.flush()
os._exit(20 if unsat else 10)
"""
)


def bench(*words: str | Path) -> int:
    return main(["bench", *map(str, words)])


def run(suite: Path, engine: str, *words: str) -> dict[str, record.Record]:
    """Run one engine on the suite; the records by the formula's bare name."""
    out = suite.parent / "records.jsonl"
    options = ("--time", "5", "--engines", f"it={engine}", "-q", *words)
    assert bench("run", suite, "-o", out, *options) == 0
    return {Path(one.formula).stem: one for one in record.load(out)}


def test_an_honest_engine_is_verified_or_unchecked(suite: Path, write_program: Program) -> None:
    found = run(suite, f"command:{write_program('honest', HONEST)}")
    sat, unsat = found["sat"], found["unsat"]
    assert (sat.status, sat.verdict, sat.reason) == ("SAT", "verified", "answered")
    assert sat.checked_by == "model" and sat.family == "fa"
    # No proof, nothing known: an answer, but not one that counts.
    assert (unsat.status, unsat.verdict) == ("UNSAT", "unchecked")


def test_known_status_beside_the_suite_makes_it_agreed(suite: Path, write_program: Program) -> None:
    (suite.parent / "INDEX.tsv").write_text("path\tstatus\nfb/unsat.cnf\tUNSAT\n")
    found = run(suite, f"command:{write_program('honest', HONEST)}")
    assert found["unsat"].verdict == "agreed"
    assert found["unsat"].checked_by == "known (INDEX.tsv)"


def test_a_wrong_model_is_wrong(suite: Path, write_program: Program) -> None:
    body = "print('s SATISFIABLE'); print('v 1 2 3 0'); sys.stdout.flush(); os._exit(10)"
    found = run(suite, f"command:{write_program('liar', body)}")
    assert found["sat"].verdict == "wrong" and "clause 3" in found["sat"].note
    assert found["unsat"].verdict == "wrong"


def test_a_model_with_both_signs_is_wrong(suite: Path, write_program: Program) -> None:
    body = "print('s SATISFIABLE'); print('v 1 -1 2 -2 3 -3 0'); sys.stdout.flush(); os._exit(10)"
    found = run(suite, f"command:{write_program('both', body)}")
    assert found["sat"].verdict == "wrong" and "both" in found["sat"].note


def test_a_wrong_unsat_is_wrong_by_known_status_and_by_another_engines_model(
    suite: Path, write_program: Program
) -> None:
    from neuroback.bench import settling

    body = "print('s UNSATISFIABLE'); sys.stdout.flush(); os._exit(20)"
    liar, honest = write_program("liar", body), write_program("honest", HONEST)
    out = suite.parent / "both.jsonl"
    engines = f"liar=command:{liar},honest=command:{honest}"
    assert bench("run", suite, "-o", out, "--time", "5", "--engines", engines, "-q") == 0
    settled = settling.settle(record.load(out))
    verdicts = {(run.engine, Path(run.formula).stem): run.verdict for run in settled.runs}
    assert verdicts["liar", "sat"] == "wrong"
    assert verdicts["honest", "sat"] == "verified"
    assert "WRONG" in settled.warnings[0]
    (suite.parent / "INDEX.tsv").write_text("path\tstatus\nfa/sat.cnf\tSAT\n")
    assert run(suite, f"command:{liar}")["sat"].verdict == "wrong"


@pytest.mark.parametrize(
    ("proof", "verdict"),
    [
        ("1 0\\n0\\n", "verified"),
        # After the lemma unit propagation alone refutes the rest.
        ("1 0\\n", "verified"),
        # The empty clause does not follow at once, and a proof without it shows nothing.
        ("0\\n", "wrong"),
        ("1 2 0\\n", "wrong"),
        ("1 x 0\\n", "wrong"),
    ],
)
def test_proofs_are_checked(suite: Path, write_program: Program, proof: str, verdict: str) -> None:
    write = f"open(sys.argv[1], 'w').write('{proof}'); sys.stdout.flush()"
    body = HONEST.replace("sys.stdout.flush()", write)
    found = run(suite, f"command:{write_program('prover', body)} {{proof}} {{formula}}")
    assert found["unsat"].verdict == verdict
    assert found["unsat"].checked_by == "proof"
    assert found["sat"].verdict == "verified"


def test_a_proof_check_that_times_out_is_unchecked_even_where_the_status_is_known(
    suite: Path, write_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroback.bench import verify

    def times_out(*_: object) -> tuple[str, str]:
        return "timeout", "the time limit of 1 s was reached after 7 steps"

    monkeypatch.setattr(verify, "check_proof", times_out)
    (suite.parent / "INDEX.tsv").write_text("path\tstatus\nfb/unsat.cnf\tUNSAT\n")
    write = "open(sys.argv[1], 'w').write('1 0\\n0\\n'); sys.stdout.flush()"
    program = write_program("prover", HONEST.replace("sys.stdout.flush()", write))
    engine = f"command:{program} {{proof}} {{formula}}"
    found = run(suite, engine)
    assert found["unsat"].verdict == "unchecked"
    assert "proof check" in found["unsat"].note


def test_a_crash_a_false_exit_code_and_garbage_are_crashes(
    suite: Path, write_program: Program
) -> None:
    segfault = write_program(
        "segfault", "print('s SATISFIABLE', flush=True); os.kill(os.getpid(), 11)"
    )
    found = run(suite, f"command:{segfault}")
    assert found["sat"].reason == "crashed" and "SIGSEGV" in found["sat"].note
    assert (found["sat"].status, found["sat"].verdict) == ("UNKNOWN", "none")
    two = write_program("two", "print('s SATISFIABLE'); print('s UNSATISFIABLE')")
    assert run(suite, f"command:{two}")["sat"].reason == "crashed"
    exits = write_program("exits", "print('s SATISFIABLE'); sys.stdout.flush(); os._exit(20)")
    assert "contradicts" in run(suite, f"command:{exits}")["sat"].note
    word = write_program("word", "print('s SATISFIABLE'); print('v 1 x 0')")
    assert run(suite, f"command:{word}")["sat"].reason == "crashed"
    for name, body in (("silent", "os._exit(30)"), ("gave up", "print('s UNKNOWN'); os._exit(1)")):
        silent = write_program(name.split()[0], f"{body}")
        assert run(suite, f"command:{silent}")["sat"].reason == "crashed"


@pytest.mark.parametrize("code", [30, 1, 255, 10, 20])
def test_an_answer_of_a_program_is_judged_by_its_certificate_not_by_its_exit_code(
    suite: Path, write_program: Program, code: int
) -> None:
    # clasp ends with 30 if it has seen all models.
    body = HONEST.replace("20 if unsat else 10", str(code))
    engine = f"command:{write_program('codes', body)}"
    first = run(suite, engine)
    assert (first["sat"].status, first["sat"].verdict) == ("SAT", "verified")
    assert first["sat"].reason == "answered" and first["sat"].exit_code == code
    # Nothing known and no proof: an odd code is no reason to doubt, the code of SAT is.
    reason = "crashed" if code == 10 else "answered"
    assert (first["unsat"].reason, first["unsat"].exit_code) == (reason, code)
    (suite.parent / "INDEX.tsv").write_text("path\tstatus\nfb/unsat.cnf\tUNSAT\n")
    again = run(suite, engine, "--redo", "all")
    assert (again["unsat"].status, again["unsat"].verdict) == ("UNSAT", "agreed")
    liar = HONEST.replace("v 1 -2 3 0", "v 1 2 3 0").replace("20 if unsat else 10", str(code))
    assert run(suite, f"command:{write_program('liar', liar)}")["sat"].verdict == "wrong"


def test_a_hang_and_a_memory_eater_are_stopped_and_named(
    suite: Path, write_program: Program
) -> None:
    hang = write_program("hang", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)")
    began = time.monotonic()
    found = run(suite, f"command:{hang}", "--time", "0.4", "--grace", "0.2")
    assert time.monotonic() - began < 6
    assert {one.reason for one in found.values()} == {"time"}
    eater = write_program("eater", "kept = []\nwhile True: kept.append(bytearray(1 << 20))")
    found = run(suite, f"command:{eater}", "--memory", "120")
    assert {one.reason for one in found.values()} == {"memory"}


def test_an_allocation_that_is_refused_is_memory_not_a_crash(
    suite: Path, write_program: Program
) -> None:
    body = "print(len(bytearray(8 << 30)))"
    found = run(suite, f"command:{write_program('greedy', body)}", "--memory", "120")
    assert {one.reason for one in found.values()} == {"memory"}


FAKE = """
import json
answer = {{"status": "UNKNOWN", "model": None, "model_name": {model}, "limit": None,
    "seconds": {{"read": 0.1, "graph": 0.1, "predict": {predict}, "search": 1.0}},
    "conflicts": 5,
    "advice": {{"variables": {advised}, "gate": {gate}, "reason": "", "run": {ran}}}}}
print(json.dumps(answer))
"""


@pytest.mark.parametrize(
    ("model", "predict", "advised", "gate", "ran", "failed"),
    [
        ("'default'", "0.2", "7", "'open'", "'advised'", False),
        ("None", "0.2", "7", "'open'", "None", True),
        ("'default'", "0.0", "7", "'open'", "'advised'", True),
        ("'default'", "0.2", "None", "'open'", "None", True),
        ("None", "0.2", "7", "'open'", "'plain'", True),
        # The plain search had the answer before the prediction was made.
        ("None", "0.0", "0", "'off'", "'plain'", False),
    ],
)
def test_a_silent_failure_of_inference_is_a_failure(
    suite: Path,
    write_program: Program,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    predict: str,
    advised: str,
    gate: str,
    ran: str,
    failed: bool,
) -> None:
    body = FAKE.format(model=model, predict=predict, advised=advised, gate=gate, ran=ran)
    monkeypatch.setenv("NEUROBACK_BENCH_COMMAND", str(write_program("fake", body)))
    found = run(suite, "neuroback")["sat"]
    assert found.reason == ("crashed" if failed else "answered")
    assert found.failed is failed
    if failed:
        assert "inference failed" in found.note
    # The plain configuration asks no network, so it cannot fail to.
    assert run(suite, "neuroback:--no-neural")["sat"].reason == "answered"


def test_a_finished_run_is_not_repeated_and_redo_repeats(
    suite: Path, write_program: Program
) -> None:
    log = suite.parent / "log"
    body = f"open('{log}', 'a').write('x')\n{HONEST}"
    engine = f"command:{write_program('counted', body)}"
    run(suite, engine)
    run(suite, engine)
    assert len(log.read_text()) == 2
    run(suite, engine, "--redo", "unchecked")
    assert len(log.read_text()) == 3
    run(suite, engine, "--redo", "all")
    assert len(log.read_text()) == 5
    # Another limit is another run.
    run(suite, engine, "--time", "6")
    assert len(log.read_text()) == 7


def test_redo_host_repeats_disturbed_runs_only(suite: Path, write_program: Program) -> None:
    engine = f"command:{write_program('honest', HONEST)}"
    run(suite, engine)
    path = suite.parent / "records.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["disturbed"] = ["swap: 12 MiB moved"] if line["formula"] == "fa/sat.cnf" else []
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(suite, engine, "--redo", "host")
    formulas = [json.loads(line)["formula"] for line in path.read_text().splitlines()]
    assert formulas.count("fa/sat.cnf") == 2 and formulas.count("fb/unsat.cnf") == 1


def test_a_torn_last_line_is_cut_off(suite: Path, write_program: Program) -> None:
    engine = f"command:{write_program('honest', HONEST)}"
    run(suite, engine)
    path = suite.parent / "records.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 3])
    run(suite, engine)
    assert path.read_bytes() == whole


def test_two_runners_of_one_file_do_not_mix(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    held = record.RecordFile(suite.parent / "records.jsonl")
    code = bench("run", suite, "-o", held.path, "--engines", ANY, "--time", "5")
    held.close()
    assert code == 1 and "another runner" in capfd.readouterr().err


def start(suite: Path, out: Path, engine: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "neuroback", "bench", "run", str(suite), "-o", str(out)]
    return subprocess.Popen(
        [*command, "--engines", f"it={engine}", "-q", "--time", "20", *words],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def left_of(out: Path) -> list[int]:
    from neuroback.bench.runner import token_for

    return tree.marked(f"{slot.TOKEN_NAME}={token_for(out)}.")


def wait_until_gone(out: Path, seconds: float = 3.0) -> list[int]:
    end = time.monotonic() + seconds
    while (left := left_of(out)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def test_twenty_kills_lose_nothing_and_repeat_nothing(suite: Path, write_program: Program) -> None:
    log = suite.parent / "log"
    # Each run notes its end itself: what it noted last thing must be in the records.
    body = (
        f"time.sleep(0.03)\nfd = os.open('{log}', os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n{HONEST}"
    )
    body = body.replace(
        "sys.stdout.flush()", "sys.stdout.flush(); os.write(fd, sys.argv[1].encode() + b'\\n')"
    )
    engine = f"command:{write_program('slow', body)} {{seed}} {{formula}}"
    out = suite.parent / "killed.jsonl"
    dealer = random.Random(4)
    for _ in range(20):
        process = start(suite, out, engine, "--seeds", "40")
        time.sleep(0.2 + dealer.random() * 0.2)
        process.kill()
        process.communicate()
        assert wait_until_gone(out) == []
        lines = out.read_bytes().split(b"\n")[:-1] if out.exists() else []
        keys = Counter(json.loads(line)["key"] for line in lines)
        assert not keys or max(keys.values()) == 1
    process = start(suite, out, engine, "--seeds", "40")
    process.communicate(timeout=60)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(records) == 80 and len({one["key"] for one in records}) == 80
    # At most the run under way at each of the twenty kills was done twice.
    assert len(log.read_text().splitlines()) <= 100


def wait_for(path: Path, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)


def test_ctrl_c_lets_the_run_end_and_a_second_one_ends_it(
    suite: Path, write_program: Program
) -> None:
    begun = suite.parent / "begun"
    body = f"open('{begun}', 'w').close(); time.sleep(0.8)\n{HONEST}"
    engine = f"command:{write_program('slow', body)}"
    out = suite.parent / "stopped.jsonl"
    process = start(suite, out, engine, "--seeds", "5")
    wait_for(begun)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    process.communicate()
    assert [one.reason for one in record.load(out)] == ["answered"] * len(record.load(out))
    begun.unlink()
    body = f"open('{begun}', 'w').close(); time.sleep(30)\n{HONEST}"
    engine = f"command:{write_program('slower', body)}"
    out = suite.parent / "stopped2.jsonl"
    process = start(suite, out, engine)
    wait_for(begun)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert time.monotonic() - began < 3
    process.communicate()
    assert [one.reason for one in record.load(out)] == ["interrupted"]
    assert wait_until_gone(out) == []


def test_a_stop_while_runs_begin_ends_them_too(suite: Path, write_program: Program) -> None:
    from neuroback.bench import engines, known, runner
    from neuroback.bench import suite as suites

    engine = f"it=command:{write_program('waits', 'time.sleep(30)')} {{formula}}"
    tasks = suites.tasks(suites.read(suite), suites.Cache(suites.default_cache()), known.Known())
    settings = runner.make_settings(suite, time=20.0)
    assert settings.cache == str(suites.default_cache())
    for delay in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3):
        with closing(record.RecordFile(suite.parent / f"stop{delay}.jsonl")) as records:
            work = runner.Runner(records, settings)
            timer = threading.Timer(delay, work.stop, (signal.SIGTERM,))
            timer.start()
            work.run(runner.plan(tasks, engines.parse([engine]), 1, settings))
            timer.join()
            ended = list(records.records.values())
        assert all(one.reason == "interrupted" for one in ended), delay


def test_sigterm_ends_everything_and_resuming_completes(
    suite: Path, write_program: Program
) -> None:
    flag, begun = suite.parent / "go", suite.parent / "begun"
    wait = f"time.sleep(0 if os.path.exists('{flag}') else 30)"
    body = f"open('{begun}', 'w').close(); {wait}\n{HONEST}"
    engine = f"command:{write_program('waits', body)}"
    out = suite.parent / "term.jsonl"
    process = start(suite, out, engine, "--jobs", "2")
    wait_for(begun)
    process.terminate()
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    process.communicate()
    assert wait_until_gone(out) == []
    flag.touch()
    process = start(suite, out, engine)
    process.communicate(timeout=20)
    assert [one.reason for one in record.load(out)] == ["answered", "answered"]


def test_order_is_interleaved_and_the_same_every_time(suite: Path) -> None:
    from neuroback.bench import engines, known, runner
    from neuroback.bench import suite as suites

    entries = suites.read(suite)
    cache = suites.Cache(suites.default_cache())
    tasks = suites.tasks(entries, cache, known.Known())
    chosen = engines.parse([f"one={ANY},more={ANY} -q {{formula}}"])
    settings = runner.make_settings(suite, time=1.0)
    first = runner.plan(tasks, chosen, 3, settings)
    assert first == runner.plan(tasks, chosen, 3, settings)
    assert len({order.key for order in first}) == 12
    for start_at in range(0, 12, 2):
        pair = first[start_at : start_at + 2]
        assert len({order.task.name for order in pair}) == 1
        assert {order.adapter.label for order in pair} == {"one", "more"}
        assert len({order.seed for order in pair}) == 1


def test_a_suite_with_a_fault_names_file_and_line(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    suite.write_text("fa/sat.cnf\nfa/missing.cnf\n")
    assert bench("run", suite, "-o", suite.parent / "r", "--engines", ANY) == 1
    assert "suite.txt:2: fa/missing.cnf" in capfd.readouterr().err
    suite.write_text("fa/sat.cnf\nfa/broken.cnf\n")
    (suite.parent / "fa/broken.cnf").write_text("p cnf 1 2\n1 0\n")
    assert bench("run", suite, "-o", suite.parent / "r", "--engines", ANY) == 1
    assert "broken.cnf" in capfd.readouterr().err


def test_a_copy_of_a_formula_is_left_out_and_said(
    suite: Path, write_program: Program, capfd: pytest.CaptureFixture[str]
) -> None:
    (suite.parent / "fb/copy.cnf").write_text("c again\np cnf 3 3\n1 2 0 -1 3 0\n-2 -3 0\n")
    suite.write_text("fa/sat.cnf\nfb/copy.cnf\n")
    found = run(suite, f"command:{write_program('honest', HONEST)}")
    assert list(found) == ["sat"]
    assert "fb/copy.cnf is the same formula as fa/sat.cnf" in capfd.readouterr().err


def test_a_cluster_gives_the_same_records(suite: Path, write_program: Program) -> None:
    distributed = pytest.importorskip("distributed")
    out = suite.parent / "cluster.jsonl"
    engine = f"it=command:{write_program('honest', HONEST)}"
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as local:
        options = ("--time", "5", "--engines", engine, "-q", "--scheduler", local.scheduler_address)
        assert bench("run", suite, "-o", out, *options) == 0
    found = {Path(one.formula).stem: one.verdict for one in record.load(out)}
    assert found == {"sat": "verified", "unsat": "unchecked"}


def test_overhead_per_run_is_small(suite: Path, write_program: Program) -> None:
    # The figure is measured in benchmarks/figures/overhead.py; this guards against a disaster.
    program = suite.parent / "true.sh"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    began = time.monotonic()
    out = suite.parent / "fast.jsonl"
    engines = f"it=command:{program}"
    assert bench("run", suite, "-o", out, "--engines", engines, "--seeds", "25", "-q") == 0
    elapsed = time.monotonic() - began
    spent = sum(one.wall_seconds for one in record.load(out))
    assert (elapsed - spent) / 50 < 0.1


PREDICTS = """
import json
if sys.argv[1] == 'predict':
    open('{log}', 'a').write('x')
    time.sleep({sleep})
    print('# neuroback-phases 1 abc default')
    for v, p in enumerate((0.9, 0.2, 0.7), 1): print(f'{{v}},{{p:.6f}}')
    sys.exit(0)
seen = open(sys.argv[sys.argv.index('--phases') + 1]).read() if '--phases' in sys.argv else ''
answer = {{"status": "UNKNOWN", "model": None, "limit": None, "conflicts": 0,
    "seconds": {{"predict": 0.5}}, "advice": {{"variables": 3, "seen": seen}}}}
print(json.dumps(answer))
"""


def test_controls_pay_for_the_prediction_which_is_made_once(
    suite: Path, write_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = suite.parent / "log"
    fake = write_program("fake", PREDICTS.format(log=log, sleep=0))
    monkeypatch.setenv("NEUROBACK_BENCH_COMMAND", str(fake))
    suite.write_text("fa/sat.cnf\n")
    out = suite.parent / "c.jsonl"
    engines = "a=control:inverted,b=control:all-true,c=control:shuffled,d=control:random"
    words = ("--engines", engines, "--time", "5", "-q")
    assert bench("run", suite, "-o", out, *words, "--seeds", "2") == 0
    records = record.load(out)
    assert len(records) == 8 and {one.reason for one in records} == {"answered"}
    assert log.read_text() == "x"
    assert all(one.seconds["predict"] == 0.5 for one in records)
    assert all(0.5 < one.wall_seconds < 5 for one in records)
    inverted = next(one for one in records if one.engine == "a").advice["seen"]
    assert inverted == "# neuroback-phases 1 abc default\n1,0.100000\n2,0.800000\n3,0.300000\n"


def test_a_prediction_longer_than_the_limit_is_out_of_time(
    suite: Path, write_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = write_program("fake", PREDICTS.format(log=suite.parent / "log", sleep=30))
    monkeypatch.setenv("NEUROBACK_BENCH_COMMAND", str(fake))
    found = run(suite, "control:inverted", "--time", "0.5")
    assert {one.reason for one in found.values()} == {"time"}
    assert {one.wall_seconds for one in found.values()} == {0.5}


def test_a_lost_supervisor_and_a_struck_process_are_the_hosts_doing(
    suite: Path, write_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuroback.bench import host

    # The program kills its own supervisor, which is its parent.
    killer = write_program("killer", "os.kill(os.getppid(), 9); time.sleep(5)")
    found = run(suite, f"command:{killer}")
    assert {one.reason for one in found.values()} == {"host"}
    monkeypatch.setattr(
        host, "disturbances", lambda *_, **__: ["oom: the kernel's out-of-memory killer struck"]
    )
    struck = write_program("struck", "os.kill(os.getpid(), 9)")
    found = run(suite, f"command:{struck}")
    assert {one.reason for one in found.values()} == {"host"}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("cadical195", "verified"),
        ("cadical300", "verified"),
        ("glucose42", "verified"),
        ("maplechrono", "verified"),
        ("mergesat3", "unchecked"),
        ("minisat22", "unchecked"),
    ],
)
def test_solvers_of_pysat_prove_what_they_can(suite: Path, name: str, verdict: str) -> None:
    pytest.importorskip("pysat")
    # Pigeons: five in four holes, so that the proof is longer than a buffer's first bytes.
    holes = [[4 * p + h + 1 for h in range(4)] for p in range(5)]
    clauses = [*holes]
    for h in range(4):
        clauses += [[-holes[p][h], -holes[q][h]] for p in range(5) for q in range(p)]
    text = f"p cnf 20 {len(clauses)}\n" + "".join(f"{' '.join(map(str, c))} 0\n" for c in clauses)
    (suite.parent / "fb/unsat.cnf").write_text(text)
    found = run(suite, f"pysat:{name}", "--time", "30")
    assert found["unsat"].status == "UNSAT" and found["unsat"].verdict == verdict
    assert found["sat"].verdict == "verified"


def test_the_second_plain_arm_differs_from_an_advised_run_only_in_its_advice(suite: Path) -> None:
    pytest.importorskip("neuroback.engines.kissat").locate()
    found = run(suite, "control:plain --engine kissat")
    assert found["unsat"].verdict == "verified"
    # Kissat is not started for what our own lucky step finds in the formula as read.
    assert found["sat"].advice["engine"] == "kissat not started"
    assert found["unsat"].command.count("--phases") == 1
    assert found["unsat"].seconds.get("predict", 0.0) == 0.0


def test_a_bench_can_be_run_from_python(suite: Path, write_program: Program) -> None:
    from neuroback import bench as library

    seen: list[tuple[str, int, int]] = []

    class Watching(library.Watcher):
        def reading(self, done: int, total: int) -> None:
            seen.append(("reading", done, total))

        def begin(self, done: int, total: int) -> None:
            seen.append(("runs", done, total))

        def ended(self, one: library.Record) -> None:
            seen.append((one.formula, one.seed, 0))

    out = suite.parent / "python.jsonl"
    engine = f"it=command:{write_program('honest', HONEST)}"
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    outcome = library.run(suite, out, [engine], time=5.0, seeds=2, watcher=Watching())
    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert (outcome.planned, outcome.signal) == (4, None)
    assert [one.status for one in outcome.records].count("SAT") == 2
    assert seen[:3] == [("reading", 1, 2), ("reading", 2, 2), ("runs", 0, 4)] and len(seen) == 7
    assert {one.key for one in library.load(out)} == {one.key for one in outcome.records}
    # Once more: nothing is left to do.
    seen.clear()
    assert library.run(str(suite), str(out), [engine], time=5.0, seeds=2) == outcome
    with pytest.raises(TypeError, match="sedes"):
        library.run(suite, out, [engine], sedes=2)
    with pytest.raises(BenchError, match="twice"):
        library.run(suite, out, [engine, engine])
    with pytest.raises(BenchError, match="--jobs 0"):
        library.run(suite, out, [engine], jobs=0)


def test_ctrl_c_in_python_ends_the_runs_and_leaves_their_records(
    suite: Path, write_program: Program
) -> None:
    from neuroback import bench as library

    out = suite.parent / "stopped.jsonl"
    begun = suite.parent / "begun"
    body = f"open('{begun}', 'w').close(); time.sleep(60)"
    engine = f"it=command:{write_program('waits', body)}"

    def strike() -> None:
        wait_for(begun)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=strike).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        library.run(suite, out, [engine], time=50.0)
    assert time.monotonic() - began < 20
    assert all(one.reason == "interrupted" for one in library.load(out))
    assert wait_until_gone(out) == []
