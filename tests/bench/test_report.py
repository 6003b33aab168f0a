# SPDX-License-Identifier: MIT
"""The page: self-contained, small, quick, and right about what it shows."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from neuroback.bench import compare, plots, record, report, satcomp, settling, simulate, table
from neuroback.bench.record import Record
from neuroback.cli import main
from neuroback.errors import BenchError

ENGINES = {"kissat": 1.0, "neuroback": 0.9, "plain": 1.0, "minisat": 2.5}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)


def write(path: Path, records: list[Record]) -> Path:
    path.write_text("".join(json.dumps(one.to_json()) + "\n" for one in records))
    return path


def page(records: list[Record]) -> str:
    bench = settling.settle(records)
    return report.to_html(bench, table.tabulate(bench))


@pytest.fixture(scope="module")
def small() -> list[Record]:
    records = simulate.bench(40, ENGINES, seeds=2)
    wrong: dict[str, Any] = {"status": "SAT", "verdict": "wrong"}
    records[1] = replace(records[1], **wrong, note="clause 7 is not satisfied")
    records[2] = replace(
        records[2],
        status="UNKNOWN",
        verdict="none",
        reason="crashed",
        failed=True,
        note="inference failed: the run names no model",
    )
    refuted = next(one for one in records[40:] if one.status == "UNSAT")
    refuted.verdict = "unchecked"
    for one in records[:8]:
        one.formula = "fa/<!--<script></script><b>odd&name.cnf"
    return records


def test_the_page_needs_nothing_from_outside(small: list[Record]) -> None:
    made = page(small)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", made)
    assert "@import" not in made and "url(" not in made and "fetch(" not in made
    # A formula's name cannot end the script that holds it, nor begin a comment or a script in it.
    assert made.count("</script>") == 2
    data = re.search(r"<script[^>]*application/json[^>]*>(.*?)</script>", made, re.DOTALL)
    assert data is not None and "<" not in data[1]
    formulas = json.loads(data[1])["columns"][0]
    assert "fa/<!--<script></script><b>odd&name.cnf" in formulas["names"]


def test_wrong_answers_and_failed_inference_are_loud(small: list[Record]) -> None:
    made = page(small)
    assert "kissat: 1 WRONG answer: all its figures are void" in made
    assert "neuroback: inference failed in 1 run, and that counts as unsolved" in made


def test_ten_thousand_runs_stay_small() -> None:
    records = simulate.bench(560, {f"engine {k}": 1 + k / 9 for k in range(9)}, seeds=2)
    assert len(records) > 10_000
    made = page(records)
    assert len(made.encode()) < 5_000_000


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
class TestInABrowser:
    def dump(self, path: Path, fragment: str = "") -> str:
        command = [
            str(CHROMIUM),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=4000",
            f"--user-data-dir={path.parent / 'profile'}",
            "--dump-dom",
            path.as_uri() + fragment,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout

    def test_it_draws_everything(self, tmp_path: Path, small: list[Record]) -> None:
        path = tmp_path / "page.html"
        path.write_text(page(small))
        dom = self.dump(path)
        assert 'data-ready="' in dom
        assert len(re.findall(r'<polyline class="line" points="\d', dom)) == 4
        assert dom.count('<circle class="point') > 60
        assert "1 WRONG" in dom and "inference failed 1×" in dom
        assert "odd&amp;name.cnf" in dom
        assert "40 of 40 formulas" in dom

    def test_the_address_holds_the_state(self, tmp_path: Path, small: list[Record]) -> None:
        path = tmp_path / "page.html"
        path.write_text(page(small))
        dom = self.dump(
            path, "#engine=minisat&view=run&sort=wall&dir=down&theme=dark&x=plain&y=minisat"
        )
        assert "80 of 320 runs" in dom
        assert 'data-theme="dark"' in dom
        assert re.search(r'data-key="wall"\s+aria-sort="descending"', dom)
        assert "minisat, seconds" in dom and "plain, seconds" in dom
        walls = [
            float(v) for v in re.findall(r"<td class=\"n\">([\d.]+)</td><td class=\"n\">", dom)
        ]
        assert walls

    def test_hovering_sorting_and_the_reset_button(
        self, tmp_path: Path, small: list[Record]
    ) -> None:
        act = """<script>
          const point = document.querySelector("#scatter-plot .point").getBoundingClientRect();
          const at = { clientX: point.x + point.width / 2, clientY: point.y + point.height / 2 };
          document.getElementById("scatter-catch").dispatchEvent(new MouseEvent("mousemove", at));
          const said = [["tip", document.getElementById("tip").innerText]];
          document.querySelector('#run-table th[data-key="minisat"]').click();
          said.push(["sorted", location.hash]);
          document.querySelector("#cactus-legend button").click();
          said.push(["curves", document.querySelectorAll("#cactus-plot polyline").length]);
          document.getElementById("reset").click();
          said.push(["reset", location.hash]);
          said.push(["again", document.querySelectorAll("#cactus-plot polyline").length]);
          document.body.dataset.said = JSON.stringify(said);
        </script></body>"""
        path = tmp_path / "page.html"
        path.write_text(page(small).replace("</body>", act))
        found = re.search(r'data-said="([^"]*)"', self.dump(path, "#scale=linear"))
        assert found is not None
        said = dict(json.loads(html.unescape(found[1])))
        assert ".cnf" in said["tip"] and "seed" in said["tip"] and "kissat" in said["tip"]
        assert "sort=minisat" in said["sorted"] and "scale=linear" in said["sorted"]
        assert (said["curves"], said["again"], said["reset"]) == (3, 4, "")

    def test_ten_thousand_runs_open_quickly(self, tmp_path: Path) -> None:
        records = simulate.bench(560, {f"engine {k}": 1 + k / 9 for k in range(9)}, seeds=2)
        path = tmp_path / "page.html"
        path.write_text(page(records))
        began = time.monotonic()
        dom = self.dump(path)
        whole = time.monotonic() - began
        drawn = re.search(r'data-ready="(\d+)"', dom)
        assert drawn is not None
        # From the start of navigation to the last thing drawn, as the page itself measured.
        assert float(drawn[1]) < 2000, f"{drawn[1]} ms, the browser's start included {whole:.1f} s"


def test_the_csv_begins_with_the_contracts_columns(
    tmp_path: Path, small: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "r.jsonl", small)
    assert main(["bench", "report", str(path), "--csv", "-"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0])[:10] == [
        "formula",
        "family",
        "engine",
        "seed",
        "status",
        "verdict",
        "reason",
        "wall_seconds",
        "cpu_seconds",
        "peak_mib",
    ]
    assert len(rows) == len(small)
    assert {row["status"] for row in rows} <= {"SAT", "UNSAT", "UNKNOWN"}
    assert sum(row["verdict"] == "wrong" for row in rows) == 1


def test_report_writes_all_it_is_asked_for(tmp_path: Path, small: list[Record]) -> None:
    path = write(tmp_path / "r.jsonl", small)
    readme = tmp_path / "README.md"
    first, last = "<!-- bench:main --engines plain,kissat -->", "<!-- /bench:main -->"
    readme.write_text(f"before\n{first}old{last}\nafter\n")
    words = ["--html", "p.html", "--svg", "svg", "--satcomp", "s.csv", "--markdown", "README.md"]
    words = [str(tmp_path / word) if not word.startswith("-") else word for word in words]
    assert main(["bench", "report", str(path), *words, "-q"]) == 0
    for name in ("cactus", "scatter"):
        ET.parse(tmp_path / "svg" / f"{name}.svg")
    assert (tmp_path / "p.html").stat().st_size > 30_000
    after = readme.read_text()
    assert after.startswith(f"before\n{first}\n") and after.endswith(f"{last}\nafter\n")
    assert after.index("\n| plain ") < after.index("\n| kissat ") and "minisat" not in after
    assert "old" not in after
    # Once more: the same words, and the marker still there.
    assert main(["bench", "report", str(path), *words, "-q"]) == 0
    assert readme.read_text() == after
    # A section with records of its own.
    write(tmp_path / "other.jsonl", [one for one in small if one.engine == "minisat"])
    own = "<!-- bench:own --records other.jsonl -->"
    readme.write_text(f"{after}{own}<!-- /bench:own -->\n")
    assert main(["bench", "report", str(path), *words, "-q"]) == 0
    before_own, _, of_own = readme.read_text().partition(own)
    assert before_own == after and "\n| minisat " in of_own and "\n| kissat " not in of_own
    readme.write_text(f"{own}<!-- /bench:own -->\n".replace("other", "missing"))
    assert main(["bench", "report", str(path), *words, "-q"]) == 1
    readme.write_text("no marker\n")
    assert main(["bench", "report", str(path), *words, "-q"]) == 1


def test_starexec_rows_keep_a_wrong_answer_visible(small: list[Record]) -> None:
    bench = settling.settle(small)
    rows = list(csv.DictReader(io.StringIO(satcomp.to_csv(bench))))
    assert len(rows) == len(bench.runs)
    assert rows[0]["solver"] == "kissat" and rows[0]["configuration"] == "seed 0"
    assert {row["result"] for row in rows} == {"SATISFIABLE", "UNSATISFIABLE", "starexec-unknown"}
    assert any(row["status"] == "timeout (wallclock)" for row in rows)


def test_roles_engines_and_families_choose_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = simulate.bench(20, ENGINES)
    for one in records[:40]:
        one.role = "train"
    path = write(tmp_path / "r.jsonl", records)
    assert main(["bench", "report", str(path), "--role", "test", "--engines", "plain,kissat"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("10 formulas") and "minisat" not in out
    assert main(["bench", "report", str(path), "--engines", "nobody"]) == 1


def test_compare_two_files_pair_by_pair(tmp_path: Path) -> None:
    engines = {"a": 1.0, "b": 1.5}
    records = simulate.bench(120, engines, seeds=2)
    one = write(tmp_path / "one.jsonl", [r for r in records if r.engine == "a"])
    two = write(tmp_path / "two.jsonl", [r for r in records if r.engine == "b"])
    said = compare.compare_all(str(one), str(two))
    assert "A = a" in said and "B = b" in said and "a is faster" in said
    both = write(tmp_path / "both.jsonl", records)
    assert "b is slower" in compare.compare_all(f"{both}@b", f"{both}@a")
    assert "A = b" in compare.compare_all(str(both), None)
    # The same label in two files: an engine before and after a change.
    assert "is faster" not in compare.compare_all(f"{both}@a", f"{one}@a")
    with pytest.raises(BenchError, match="second file or engine"):
        compare.compare_all(str(one), None)


def test_comparing_an_engine_with_itself_shows_no_difference(tmp_path: Path) -> None:
    first = simulate.bench(100, {"a": 1.0}, seeds=2, number=1)
    second = [replace(one) for one in first]
    a, b = write(tmp_path / "a.jsonl", first), write(tmp_path / "b.jsonl", second)
    said = compare.compare_all(str(a), str(b))
    assert "1.00" in said and "is faster" not in said and "is slower" not in said


DAMAGE = {
    "torn": b'{"schema":"neuroback-bench 1","key":"ab',
    "empty": b"{}",
    "list": b"[1]",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "text": b"\xff\xfe",
    "long number": b'{"seed": ' + b"9" * 10_000 + b"}",
    "word": {"wall_seconds": "x"},
    "negative": {"wall_seconds": -3.0},
    "endless": {"cpu_seconds": float("inf")},
    "no number": {"peak_mib": float("nan")},
    "huge": {"wall_seconds": 10**400},
    "text in a number's place": {"peak_mib": "NaN"},
    "limit": {"limits": {"time": -1.0}},
    "stage": {"seconds": {"predict": "soon"}},
    "status": {"status": "MAYBE"},
    "verdict": {"verdict": ["verified"]},
    "counter": {"statistics": {"conflicts": "many"}},
    "disturbed": {"disturbed": 3},
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_is_named_and_passed_over(
    tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = simulate.bench(3, {"a": 1.0})
    lines = [json.dumps(one.to_json()).encode() for one in whole]
    bad = DAMAGE[damage]
    lines[1] = bad if isinstance(bad, bytes) else json.dumps({**whole[1].to_json(), **bad}).encode()
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    faults: list[str] = []
    assert record.load(path, faults.append) == [whole[0], whole[2]]
    assert len(faults) == 1 and "r.jsonl:2: " in faults[0] and "expected" in faults[0]
    with closing(record.RecordFile(path, faults.append)) as file:
        assert set(file.records) == {whole[0].key, whole[2].key}
    assert main(["bench", "report", str(path)]) == 0
    out, err = capfd.readouterr()
    assert "2 formulas" in out
    assert err.count("\n") == 1 and err.startswith("neuroback: warning: ") and ":2: " in err
    path.write_bytes(lines[1] + b"\n")
    assert main(["bench", "report", str(path)]) == 1
    assert "Traceback" not in capfd.readouterr().err


def test_records_of_another_form_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", [simulate.make_record("f", "a", schema="other 7")])
    with pytest.raises(BenchError, match=r"r.jsonl:1: .*other 7"):
        record.load(path)
    with pytest.raises(BenchError, match="no such file"):
        record.load(tmp_path / "absent")


def test_scatter_of_an_unknown_engine_says_which_there_are(small: list[Record]) -> None:
    with pytest.raises(BenchError, match="kissat"):
        plots.scatter(settling.settle(small), "kissat", "nobody")


def test_plots_show_every_run_and_are_the_same_each_time() -> None:
    bench = settling.settle(simulate.bench(30, {"a <b> $x$": 1.0, "_b": 1.5}, seeds=2))
    drawn = [plots.scatter(bench, "a <b> $x$", "_b"), plots.cactus(bench)]
    assert drawn == [plots.scatter(bench, "a <b> $x$", "_b"), plots.cactus(bench)]
    for text in drawn:
        words = {element.text for element in ET.fromstring(text).iter() if element.text}
        assert "_b, seconds" in words or {"formulas solved", "_b"} <= words
        assert any("a <b> $x$" in word for word in words)
        assert {"0.1", "1", "10"} <= words
    # A point for each formula and seed, whatever its status.
    assert drawn[0].count("<use ") >= 60


def test_satisfiable_and_unsatisfiable_formulas_can_be_told_apart_and_cpu_from_wall_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = simulate.bench(60, {"a": 1.0, "b": 1.0})
    for one in records:
        if one.engine == "b":
            one.cpu_seconds = one.wall_seconds * (4 if one.known == "UNSAT" else 2)
        else:
            one.cpu_seconds = one.wall_seconds
    path = write(tmp_path / "r.jsonl", records)
    count = {
        status: sum(one.known == status for one in records) // 2 for status in ("SAT", "UNSAT")
    }
    for status, factor in (("SAT", 2), ("UNSAT", 4)):
        words = ["bench", "report", str(path), "--status", status, "--clock", "cpu"]
        assert main(words) == 0
        out = capsys.readouterr().out
        head = out.splitlines()[0]
        assert head.startswith(f"{count[status]} formulas") and f"CPU time, only {status}" in head
        bench = settling.only(settling.settle(records, "cpu"), status)
        wall = settling.only(settling.settle(records), status)
        ratios = [table.tabulate(one, "a").rows[1].ratio(table.seconds) for one in (bench, wall)]
        assert ratios[0] is not None and ratios[1] is not None
        assert ratios[0].value / ratios[1].value == pytest.approx(factor)
    # The runs stay what they are.
    assert main(["bench", "report", str(path), "--clock", "cpu", "--csv", "-"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert float(rows[0]["wall_seconds"]) == pytest.approx(records[0].wall_seconds, abs=1e-3)
    with pytest.raises(BenchError, match="--status UNSAT"):
        settling.only(settling.settle([simulate.make_record("f", "a", known="SAT")]), "UNSAT")
