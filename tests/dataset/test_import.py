# SPDX-License-Identifier: MIT
"""Foreign files, good and bad, and the published layout in both directions."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroback.dataset.importer import read_backbone
from neuroback.dataset.store import Store
from neuroback.errors import DataError

Run = Callable[..., tuple[int, str, str]]
GOOD = b"p cnf 4 3\n1 2 0\n-1 3 0\n-2 -3 4 0\n"


def sources(folder: Path) -> dict[str, tuple[str | None, str, str]]:
    """File name -> fingerprint, warnings, error."""
    with Store.open(folder) as store:
        return {
            Path(name.split(":", 1)[1]).name: (row["fingerprint"], row["warnings"], row["error"])
            for name, row in store.index.sources().items()
        }


def hostile_files() -> dict[str, bytes]:
    """Files that are no formula, each in its own way."""
    rng = random.Random(1)
    bad = {
        "empty.cnf": b"",
        "blank.cnf": b"   \n\n\t\n",
        "zeros.cnf": bytes(5000),
        "comment.cnf": b"c only a comment\n",
        "headless.cnf": b"1 2 0\n",
        "two_headers.cnf": b"p cnf 1 0\np cnf 1 0\n",
        "negative.cnf": b"p cnf -3 1\n1 0\n",
        "huge_header.cnf": b"p cnf 99999999999999999999 1\n1 0\n",
        "too_many_vars.cnf": b"p cnf 2147483648 1\n1 0\n",
        "few_clauses.cnf": b"p cnf 2 3\n1 0\n",
        "many_clauses.cnf": b"p cnf 2 1\n1 0\n2 0\n",
        "beyond.cnf": b"p cnf 2 1\n3 0\n",
        "open_end.cnf": b"p cnf 2 1\n1 2",
        "letters.cnf": b"p cnf 2 1\n1 x 0\n",
        "float.cnf": b"p cnf 2 1\n1.5 0\n",
        "long_number.cnf": b"p cnf 2 1\n" + b"1" * 4000 + b" 0\n",
        "plus.cnf": b"p cnf 2 1\n--1 0\n",
        "wcnf.cnf": b"p wcnf 2 1 10\n10 1 0\n",
        "new_wcnf.cnf": b"h 1 2 0\n3 -1 0\n",
        "inccnf.cnf": b"p inccnf\n1 0\na 1 0\n",
        "xor.cnf": b"p cnf 2 1\nx1 2 0\n",
        "qdimacs.cnf": b"p cnf 2 1\na 1 0\ne 2 0\n1 2 0\n",
        "opb.cnf": b"* #variable= 2 #constraint= 1\n+1 x1 +1 x2 >= 1 ;\n",
        "html.cnf": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "lfs.cnf": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
        "json.cnf": b'{"clauses": [[1, 2]]}',
        "zip.cnf": b"PK\x03\x04" + bytes(64),
        "elf.cnf": b"\x7fELF" + bytes(64),
        "pdf.cnf": b"%PDF-1.4\n",
        "utf16.cnf": GOOD.decode().encode("utf-16"),
        "noise.cnf": bytes(rng.randrange(256) for _ in range(999)),
        "nul.cnf": GOOD.replace(b"3", b"\0"),
        "empty.xz": lzma.compress(b""),
        "cut.gz": gzip.compress(GOOD * 50)[:-9],
        "cut.xz": lzma.compress(GOOD * 50)[:-9],
        "cut.bz2": bz2.compress(GOOD * 50)[:-9],
        "tail.gz": gzip.compress(GOOD) + b"garbage",
        "head_only.gz": b"\x1f\x8b\x08\x00",
        "head_only.xz": b"\xfd7zXZ\0",
        "head_only.zst": b"\x28\xb5\x2f\xfd",
        "double.gz": gzip.compress(gzip.compress(GOOD)),
    }
    for i in range(30):
        packed = bytearray(lzma.compress(GOOD * 20, check=lzma.CHECK_CRC64))
        packed[rng.randrange(12, len(packed) - 12)] ^= 1 << rng.randrange(8)
        bad[f"flipped{i}.xz"] = bytes(packed)
    for i in range(15):
        bad[f"cut{i}.cnf"] = GOOD[: rng.randrange(1, len(GOOD) - 2)]
    for i in range(14):
        packed = gzip.compress(GOOD * 20, mtime=0)
        bad[f"cut{i}.gz"] = packed[: rng.randrange(2, len(packed) - 1)]
    return bad


def test_a_hundred_bad_files_harm_nobody(neuroback: Run, tmp_path: Path) -> None:
    bad = hostile_files()
    assert len(bad) >= 100
    given = tmp_path / "given"
    given.mkdir()
    for name, data in bad.items():
        (given / name).write_bytes(data)
    good = {
        "plain.cnf": GOOD,
        "misnamed.cnf.gz": GOOD.replace(b"2 0", b"-2 0"),
        "packed.cnf": gzip.compress(GOOD.replace(b"1 2", b"2 1")),
        "crlf.cnf": GOOD.replace(b"\n", b"\r\n").replace(b"1 2", b"-1 2"),
    }
    for name, data in good.items():
        (given / name).write_bytes(data)
    (given / "dangling.cnf").symlink_to(given / "nowhere")
    (given / "folder.cnf").mkdir()
    folder = tmp_path / "set"
    paths = sorted(given.iterdir())
    code, _, err = neuroback(
        "data", "import", *paths[:60], given, "-o", folder, "-j", 2, "--no-relaxed"
    )
    # The first twenty are named with their reason, the others are counted.
    said = err.splitlines()
    assert code == 0 and len(said) == 21
    assert all(line.startswith("neuroback: warning: ") for line in said)
    assert said[-1].endswith(" more failed")
    found = sources(folder)
    for name in good:
        fingerprint, _, error = found[name]
        assert fingerprint is not None and error == "", name
    for name in bad:
        fingerprint, _, error = found[name]
        assert fingerprint is None and error, name
    with Store.open(folder) as store:
        assert store.index.count() == 4
    assert neuroback("data", "verify", folder)[0] == 0
    # What is good is not read a second time, what is bad is tried again.
    out = neuroback("data", "import", given, "-o", folder, "--no-relaxed", "-j", 2)[1]
    assert out == f"0 imported, 4 known, {len(bad)} failed\n"


def test_reading_is_relaxed_and_records_what_was_wrong(neuroback: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.cnf"
    wrong.write_bytes(b"p cnf 2 9\n1 2 0\n-3 0\n")
    folder = tmp_path / "set"
    code, out, err = neuroback("data", "import", wrong, "-o", folder, "--no-relaxed")
    assert (code, out) == (1, "0 imported, 0 known, 1 failed\n")
    warning, error = err.splitlines()
    assert warning.startswith("neuroback: warning: ")
    assert error.startswith("neuroback: error: all 1 failed, the first with: ")
    assert "wrong.cnf" in warning and "wrong.cnf" in error
    assert "wrong.cnf: error: " in neuroback("data", "stats", folder, "--sources")[1]
    assert sources(folder)["wrong.cnf"][0] is None
    # A failure is tried again.
    assert neuroback("data", "import", wrong, "-o", folder)[1].startswith("1 imported, 0 known")
    fingerprint, warnings, error = sources(folder)["wrong.cnf"]
    assert fingerprint and not error
    assert "9" in warnings


def test_what_failed_is_tried_again(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    late, folder, made = tmp_path / "late.cnf", tmp_path / "set", tmp_path / "made"
    for _ in range(2):
        code, out, err = neuroback("data", "import", late, "-o", folder)
        assert (code, out) == (1, "0 imported, 0 known, 1 failed\n")
        assert "late.cnf" in err
    late.write_bytes(GOOD)
    assert neuroback("data", "import", late, "-o", folder)[:2] == (
        0,
        "1 imported, 0 known, 0 failed\n",
    )
    words = ("data", "generate", recipe, "-o", made, "--count", 2)
    assert neuroback(*words, "--memory", 1)[:2] == (1, "0 generated, 0 known, 2 failed\n")
    assert neuroback(*words)[:2] == (0, "2 generated, 0 known, 0 failed\n")
    assert neuroback(*words)[:2] == (0, "0 generated, 2 known, 0 failed\n")


def test_one_formula_from_two_files_is_one_row(neuroback: Run, tmp_path: Path) -> None:
    (tmp_path / "a.cnf").write_bytes(GOOD)
    (tmp_path / "b.cnf").write_bytes(b"c again\n" + GOOD)
    folder = tmp_path / "set"
    neuroback("data", "import", tmp_path / "a.cnf", tmp_path / "b.cnf", "-o", folder)
    found = sources(folder)
    assert found["a.cnf"][0] == found["b.cnf"][0]
    assert "the same formula" in found["a.cnf"][1] + found["b.cnf"][1]
    with Store.open(folder) as store:
        assert store.index.count() == 1


def test_an_index_table_names_roles_families_and_origin(neuroback: Run, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for i, name in enumerate(("a.cnf", "b.cnf", "c.cnf")):
        (given / name).write_bytes(GOOD.replace(b"4 0", b"%d 0" % (4 - i)))
    (given / "INDEX.tsv").write_text(
        "path\torigin\tlicense\tfamily\tstatus\trole\n"
        "a.cnf\there\tMIT\tone\tSAT\ttrain\n"
        "b.cnf\tthere\tBSD\ttwo\tSAT\ttest\n"
        "c.cnf\tthere\tBSD\ttwo\tUNSAT\ttrain\n"
        "gone.cnf\tthere\tBSD\ttwo\tSAT\ttrain\n"
    )
    folder = tmp_path / "set"
    neuroback("data", "import", given, "-o", folder, "--only-role", "train", "--only-status", "SAT")
    with Store.open(folder) as store:
        (row,) = store.index.rows()
        assert (row["family"], row["origin"], row["licence"], row["role"], row["status"]) == (
            "one",
            "here",
            "MIT",
            "train",
            "SAT",
        )
    assert sources(folder)["gone.cnf"][2]
    neuroback("data", "import", given, "-o", folder)
    with Store.open(folder) as store:
        assert sorted(row["role"] for row in store.index.rows()) == ["test", "train", "train"]


@pytest.mark.parametrize(
    ("table", "place"),
    [
        (b"path\trole\na.cnf\ttrain\n\ttest\n", "INDEX.tsv:3: no path"),
        (b"name\trole\na.cnf\ttrain\n", "INDEX.tsv:2: no path"),
        (b"path\trole\na.cnf\ttset\n", "INDEX.tsv:2: role 'tset', expected one of train, "),
        (b"path\trole\na.cnf\ttrain\n\xe9\ttest\n", "INDEX.tsv:3: byte 0xe9, expected UTF-8"),
        (b"role\tpath\ntest\n", "INDEX.tsv:2: no path"),
    ],
)
def test_a_bad_index_table_is_one_line(
    table: bytes, place: str, neuroback: Run, tmp_path: Path
) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given/a.cnf").write_bytes(GOOD)
    (tmp_path / "given/INDEX.tsv").write_bytes(table)
    code, out, err = neuroback("data", "import", tmp_path / "given", "-o", tmp_path / "set")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("neuroback: error: ") and place in err


def test_names_that_are_not_utf8_are_escaped(neuroback: Run, tmp_path: Path) -> None:
    given, folder = tmp_path / "given", tmp_path / "set"
    given.mkdir()
    for name, data in ((b"caf\xe9.cnf", GOOD), (b"th\xe9.cnf", b"no formula"), (b"z.cnf", GOOD)):
        (given / os.fsdecode(name)).write_bytes(
            data.replace(b"4 0", b"-4 0") if name == b"z.cnf" else data
        )
    for out in ("2 imported, 0 known, 1 failed\n", "0 imported, 2 known, 1 failed\n"):
        assert neuroback("data", "import", given, "-o", folder)[1] == out
    found = sources(folder)
    assert found["caf\\xe9.cnf"][0] and found["z.cnf"][0]
    assert "th\\xe9.cnf" in found["th\\xe9.cnf"][2]
    with Store.open(folder) as store:
        assert {row.name for row in store.rows(labelled=False)} == {"caf\\xe9.cnf", "z.cnf"}


def test_the_strictest_role_wins(neuroback: Run, tmp_path: Path) -> None:
    path, copy, folder = tmp_path / "a.cnf", tmp_path / "b.cnf", tmp_path / "set"
    path.write_bytes(GOOD)
    copy.write_bytes(b"c again\n" + GOOD)

    def after(role: str, given: Path) -> tuple[str, str]:
        out = neuroback("data", "import", given, "-o", folder, "--role", role)[1]
        with Store.open(folder) as store:
            (row,) = store.index.rows()
            return row["role"], out.partition("failed")[2]

    stricter = ", 1 known given a stricter role\n"
    assert after("train", path) == ("train", "\n")
    assert neuroback("data", "split", folder, "--unseen-share", 0)[0] == 0
    assert after("known-test", path) == ("known-test", stricter)
    assert after("test", copy) == ("test", stricter)
    assert after("train", copy) == ("test", "\n")
    with Store.open(folder) as store:
        assert [row["split"] for row in store.index.rows()] == ["test"]
    assert neuroback("data", "verify", folder)[0] == 0


def test_filters_hold_for_plain_files(neuroback: Run, tmp_path: Path) -> None:
    (tmp_path / "a.cnf").write_bytes(GOOD)
    words = ("data", "import", tmp_path / "a.cnf", "-o", tmp_path / "set")
    assert neuroback(*words, "--only-role", "test")[1].startswith("0 imported")
    assert neuroback(*words, "--only-status", "SAT")[1].startswith("0 imported")
    assert neuroback(*words, "--only-role", "test", "--role", "test")[1].startswith("1 imported")


@pytest.mark.parametrize(
    "words",
    [
        "import x -o y --role tset",
        "import x -o y --only-role tset",
        "import x -o y --only-status sat",
        "import x -o y -j -3",
        "import x -o y --memory -5",
        "label x --models 40",
        "label x --models 0",
        "label x --count -1",
        "label x --conflicts -1",
        "label x --time nan",
        "generate x -o y --count -1",
        "generate x -o y --count many",
    ],
)
def test_options_out_of_range_are_usage_errors(words: str, neuroback: Run) -> None:
    code, out, err = neuroback("data", *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("neuroback: error: argument --") or "argument -j" in err


def test_the_published_layout_warts_and_all(neuroback: Run, databack: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    code, out, err = neuroback("data", "import", databack, "-o", folder)
    assert (code, out) == (0, "4 imported, 0 known, 1 failed\n")
    assert "damaged.cnf.xz: a truncated xz archive" in err and err.count("\n") == 1
    with Store.open(folder) as store:
        rows = {row["name"]: row for row in store.index.rows()}
        notes = store.index.sources()
        whole, cut = rows["pretrain/whole.cnf.xz"], rows["pretrain/cut.cnf-1.lzma"]
        assert (whole["label_state"], whole["backbone_size"]) == ("complete", 2)
        assert (cut["label_state"], cut["backbone_size"]) == ("partial", 1)
        assert rows["test/alone.cnf"]["label_state"] == "none"
        assert rows["test/alone.cnf"]["role"] == "test"
        assert rows["validation/badlabel.cnf.xz"]["label_state"] == "none"
        assert store.label(whole["fingerprint"]).backbone.tolist() == [1, 1, 0]
    texts = "\n".join(f"{name} {row['warnings']} {row['error']}" for name, row in notes.items())
    for expected in (
        "no label for this formula",
        "a label without its formula",
        "taken as partial",
        "truncated xz archive",
        "label line 1: 'not an archive'",
    ):
        assert expected in texts
    assert neuroback("data", "verify", folder)[0] == 0


def test_export_and_import_again_give_the_same(
    neuroback: Run, databack: Path, tmp_path: Path
) -> None:
    first, again, out = tmp_path / "first", tmp_path / "again", tmp_path / "out"
    neuroback("data", "import", databack, "-o", first)
    assert neuroback("data", "export", first, "-o", out)[1].startswith("4 exported")
    assert neuroback("data", "export", first, "-o", out)[1].startswith("0 exported, 4 known")
    for kept in ("cnf/pretrain/whole.cnf.xz", "backbone/pretrain/whole.cnf.xz.backbone.xz"):
        assert lzma.decompress((out / kept).read_bytes()) == lzma.decompress(
            (databack / kept).read_bytes()
        )
    neuroback("data", "import", out, "-o", again)
    with Store.open(first) as one, Store.open(again) as two:
        columns = ("fingerprint", "name", "label_state", "backbone_size", "role")
        rows = [[tuple(r[c] for c in columns) for r in s.index.rows()] for s in (one, two)]
        assert sorted(rows[0]) == sorted(rows[1])


def test_contradicting_labels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.backbone.xz"
    path.write_bytes(lzma.compress(b"b 1\nb -1\nb 0\n"))
    with pytest.raises(DataError, match="literals -1 and 1"):
        read_backbone(path, 3)
    path.write_bytes(lzma.compress(b"c made by hand\nb 1\nb 9\nhello\n\nb 0\n"))
    values, complete, warnings = read_backbone(path, 3)
    assert values.tolist() == [1, 0, 0] and complete and len(warnings) == 2


def test_a_contradicting_label_leaves_its_formula(
    neuroback: Run, databack: Path, tmp_path: Path
) -> None:
    label = databack / "backbone/pretrain/whole.cnf.xz.backbone.xz"
    label.write_bytes(lzma.compress(b"b 1\nb -1\nb 0\n"))
    folder = tmp_path / "set"
    assert neuroback("data", "import", databack, "-o", folder)[1].startswith("4 imported")
    with Store.open(folder) as store:
        (row,) = (row for row in store.rows(labelled=False) if row.name.endswith("whole.cnf.xz"))
        assert (row.status, row.label_state) == ("UNKNOWN", "none")
    assert "label left out: " in sources(folder)["whole.cnf.xz"][1]
    assert neuroback("data", "verify", folder)[0] == 0


def test_label_shards_bring_labels_to_formulas_made_anew(
    neuroback: Run, recipe: Path, tmp_path: Path
) -> None:
    made, fresh, shards = tmp_path / "made", tmp_path / "fresh", tmp_path / "shards"
    neuroback("data", "generate", recipe, "-o", made)
    neuroback("data", "label", made)
    assert neuroback("data", "export", made, "--shards", "-o", shards)[1] == "10 labels\n"
    neuroback("data", "generate", recipe, "-o", fresh)
    code, out, _ = neuroback("data", "import", shards, "-o", fresh)
    assert code == 0 and "10 labels imported" in out
    # Formulas beside them are taken as well.
    (tmp_path / "b.cnf").write_bytes(GOOD)
    out = neuroback("data", "import", shards, tmp_path / "b.cnf", "-o", fresh)[1]
    assert "1 imported, 0 known" in out and "0 labels imported, 10 known" in out
    with Store.open(made) as one, Store.open(fresh) as two:
        for row in one.rows():
            assert one.label(row.fingerprint).to_text() == two.label(row.fingerprint).to_text()
    assert neuroback("data", "verify", fresh)[0] == 0
    (shard,) = shards.iterdir()
    shard.write_bytes(shard.read_bytes()[:100])
    code, _, err = neuroback("data", "import", shards, "-o", fresh)
    assert code == 1 and "expected a label shard" in err


def test_only_what_is_labelled_is_generated(neuroback: Run, recipe: Path, tmp_path: Path) -> None:
    made, fresh, shards = tmp_path / "made", tmp_path / "fresh", tmp_path / "shards"
    neuroback("data", "generate", recipe, "-o", made)
    neuroback("data", "label", made, "--count", 4)
    assert neuroback("data", "export", made, "--shards", "-o", shards)[1] == "4 labels\n"
    out = neuroback("data", "generate", recipe, "-o", fresh, "--labelled", shards)[1]
    assert out.startswith("4 generated")
    assert "4 labels imported" in neuroback("data", "import", shards, "-o", fresh)[1]
    assert neuroback("data", "label", fresh)[1].startswith("0 labelled")


def test_a_real_piece_of_the_published_set(
    neuroback: Run, shared_formulas: Path, tmp_path: Path
) -> None:
    sample = shared_formulas.parent / "databack-sample"
    if not sample.is_dir():
        pytest.skip("no piece of the published set")
    code, out, _ = neuroback("data", "import", sample, "-o", tmp_path / "set", "-j", 2)
    assert (code, out) == (0, "12 imported, 0 known, 0 failed\n")
    with Store.open(tmp_path / "set") as store:
        states = [row.label_state for row in store.rows(labelled=False)]
        assert [states.count(s) for s in ("complete", "partial", "none")] == [7, 2, 3]


def test_imported_backbones_get_counts_when_asked(
    neuroback: Run, databack: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    neuroback("data", "import", databack, "-o", folder)
    assert neuroback("data", "label", folder)[1].startswith("2 labelled")
    assert neuroback("data", "label", folder, "--again", "bare")[1].startswith("2 labelled")
    with Store.open(folder) as store:
        assert all(row.models for row in store.rows(labelled=False))
        assert all(row.label_state == "complete" for row in store.rows(labelled=False))
    assert neuroback("data", "verify", folder, "--questions", 3)[0] == 0


def test_files_without_a_clause_are_no_formulas(neuroback: Run, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.cnf" for i in range(4)]
    for path, data in zip(
        paths, (b"", b"c only a comment\n", b"p cnf 4 3\n", b"p cnf 2 0\n"), strict=True
    ):
        path.write_bytes(data)
    code, out, _ = neuroback("data", "import", *paths, "-o", tmp_path / "set")
    assert (code, out) == (0, "1 imported, 0 known, 3 failed\n")
    assert "no clause" in sources(tmp_path / "set")["2.cnf"][2]


def test_the_command_line_knows_the_roles_and_limits_of_the_package() -> None:
    from neuroback.cli import data
    from neuroback.dataset.label import MOST_MODELS
    from neuroback.dataset.store import ROLES

    assert (data._ROLES, data._MOST_MODELS) == (ROLES, MOST_MODELS)


def test_a_named_file_that_is_missing_fails_the_command(neuroback: Run, tmp_path: Path) -> None:
    (tmp_path / "good.cnf").write_text("p cnf 2 1\n1 2 0\n")
    missing = tmp_path / "nosuch.cnf"
    code, out, err = neuroback(
        "data", "import", missing, tmp_path / "good.cnf", "-o", tmp_path / "S"
    )
    assert code == 1 and out == "1 imported, 0 known, 1 failed\n"
    assert err.splitlines() == [
        f"neuroback: warning: {missing}: no such file or directory, expected a readable file",
        f"neuroback: error: {missing}: no such file or directory, "
        "expected formulas or label shards",
    ]


def test_what_failed_is_named_with_its_reason(neuroback: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.cnf").write_text("p cnf 2 1\n1 2 0\n")
    for number in range(25):
        (folder / f"bad{number:02}.cnf").write_text("p cnf 2 1\n1 x 0\n")
    code, out, err = neuroback("data", "import", folder, "-o", tmp_path / "S")
    assert code == 0 and out == "1 imported, 0 known, 25 failed\n"
    lines = err.splitlines()
    assert len(lines) == 21 and lines[20] == "neuroback: warning: and 5 more failed"
    assert lines[0].startswith(f"neuroback: warning: {folder / 'bad00.cnf'}:2:3: ")
