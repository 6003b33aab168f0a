#!/bin/sh
# SPDX-License-Identifier: MIT
# Record what advice does on the clock: clock.sh RECORDS [more options of bench run]
#
# The formulas of the roles known-test and test in $NEUROBACK_CNF with a known status that take
# Kissat 0.5 to 30 s, satisfiable and not.  Five seeds without advice, without it but under the
# conditions of an advised run, with it, and with it but without the gate; two seeds of each
# control: 28 runs a formula.  The first line printed says how
# many hours that takes if every run is as fast as Kissat's was; slower engines run up to 30 s.
# Resumes: give the same command again.
set -eu
records=$1
shift
# A suite lies beside its formulas, whose own folder may be read-only.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
ln -s "$(cd "$NEUROBACK_CNF" && pwd)"/* "$folder"
suite=$folder/clock.txt
python "$(dirname "$0")/within.py" 30 --at-least 0.5 --role known-test --role test --hours 28 \
    > "$suite"
record() { neuroback bench run "$suite" -o "$records" --time 30 --memory 6000 --proofs off "$@"; }
record --seeds 5 "$@" \
    --engines 'plain=neuroback:--no-neural,neuroback,no gate=neuroback:--gate off' \
    --engines 'plain without luck=control:plain'
record --seeds 2 "$@" --engines 'all-true=control:all-true,random=control:random' \
    --engines 'shuffled=control:shuffled,inverted=control:inverted'
