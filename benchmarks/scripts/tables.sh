#!/bin/sh
# SPDX-License-Identifier: MIT
# Make the README's tables from the records, formulas of role `test` only.
set -eu
cd "$(dirname "$0")/../.."
records=${1:-benchmarks/baselines/suite.jsonl}
neuroback bench report "$records" --role test --markdown README.md --name solvers -q \
    --engines 'neuroback,plain,core,core plain,Kissat 4.0.4,CaDiCaL 1.9.5,CaDiCaL 3.0.0' \
    --engines 'Glucose 4.2,MapleChrono,MergeSat,MiniSat 2.2' --reference 'Kissat 4.0.4'
neuroback bench report "$records" --role test --markdown README.md --name advice -q \
    --engines 'plain,neuroback,all-true,random,shuffled,inverted' --reference plain
