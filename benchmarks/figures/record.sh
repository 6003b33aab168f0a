#!/bin/sh
# SPDX-License-Identifier: MIT
# Record all engines of the README's tables on a suite: record.sh SUITE RECORDS [more options]
#
# Resumes: give the same command again.  About 14 engines with a limit of 30 s take up to seven
# minutes a formula and seed.
set -eu
suite=$1 records=$2
shift 2
exec neuroback bench run "$suite" -o "$records" --time 30 --memory 6000 \
    --engines 'plain=neuroback:--no-neural,neuroback' \
    --engines 'all-true=control:all-true,random=control:random' \
    --engines 'shuffled=control:shuffled,inverted=control:inverted' \
    --engines 'core plain=neuroback:--no-neural --engine core,core=neuroback:--engine core' \
    --engines 'Kissat 4.0.4=kissat,CaDiCaL 1.9.5=pysat:cadical195,CaDiCaL 3.0.0=pysat:cadical300' \
    --engines 'Glucose 4.2=pysat:glucose42,MapleChrono=pysat:maplechrono' \
    --engines 'MergeSat=pysat:mergesat3,MiniSat 2.2=pysat:minisat22' "$@"
