#!/bin/sh
# SPDX-License-Identifier: MIT
# Kissat 4.0.4 does not search a formula and its mirror image alike.
#
# Negating every literal of a formula renames it: x becomes -x.  With the initial phase turned over
# as well (--phase=true, --phase=false) nothing is left that could tell the two apart, so one expects
# the same conflicts, decisions and propagations.  They differ.  Switching off the lucky assignments
# (--lucky=false), the part that looks at signs on purpose, is not enough: probing before the search
# looks at signs, too.  Only with --preprocessprobe=false besides are the two searches the same.
# Whoever hands advice to Kissat by renaming therefore changes more than the advice.
#
# Input: the pigeon hole formula of 8 pigeons and 7 holes.  Exit code 0 as long as Kissat behaves so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install -q --disable-pip-version-check --no-deps --target "$folder/packages" \
    passagemath-kissat==10.8.13
kissat=$folder/packages/sage_wheels/bin/kissat
echo "passagemath-kissat 10.8.13, Kissat $("$kissat" --version)"
python3 - "$folder" <<'PYTHON'
import sys

PIGEONS, HOLES = 8, 7
variable = lambda pigeon, hole: pigeon * HOLES + hole + 1
clauses = [[variable(p, h) for h in range(HOLES)] for p in range(PIGEONS)]
clauses += [
    [-variable(p, h), -variable(q, h)] for h in range(HOLES) for p in range(PIGEONS) for q in range(p)
]
for name, sign in (("formula", 1), ("mirror", -1)):
    with open(f"{sys.argv[1]}/{name}.cnf", "w") as file:
        print(f"p cnf {PIGEONS * HOLES} {len(clauses)}", file=file)
        for clause in clauses:
            print(*(sign * literal for literal in clause), 0, file=file)
PYTHON
counters() {
    "$kissat" --seed=0 "$@" |
        awk '$2 ~ /^(conflicts|decisions|propagations):$/ { printf "%s %s  ", $2, $3 }' || true
}
wrong=0
compare() {
    expected=$1
    shift
    straight=$(counters --phase=true "$@" "$folder/formula.cnf")
    mirrored=$(counters --phase=false "$@" "$folder/mirror.cnf")
    [ "$straight" = "$mirrored" ] && found=equal || found=different
    echo "options: ${*:-none}"
    echo "  formula  $straight"
    echo "  mirror   $mirrored"
    echo "  one expects equal; $found"
    [ "$found" = "$expected" ] || wrong=1
}
compare different
compare different --lucky=false
compare equal --lucky=false --preprocessprobe=false
exit $wrong
