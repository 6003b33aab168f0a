#!/usr/bin/env bash
# Which lines and branches do the tests reach?  pip install gcovr coverage first.
#
#   benchmarks/figures/lines.sh [pytest's words]
#
# Builds the package and the C++ tools anew with counters, in an environment of its own beside the
# build (build/lines), runs nb-unit, nb-fuzz and pytest, and prints both tables.  Child processes of
# the tests count as well.
set -euo pipefail
cd "$(dirname "$0")/../.."
place=$PWD/build/lines
mkdir -p "$place"
[ -x "$place/venv/bin/python" ] || python -m venv --without-pip "$place/venv"
packages=$("$place/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
python -c 'import sys; print(*[p for p in sys.path if p.endswith("-packages")], sep="\n")' >"$packages/inherited.pth"
echo 'import coverage; coverage.process_startup()' >"$packages/coverage.pth"
printf '[run]\nbranch = true\nparallel = true\nsource = neuroback\ndata_file = %s/python\nsigterm = true\n' "$place" >"$place/coveragerc"
export COVERAGE_PROCESS_START=$place/coveragerc PATH=$place/venv/bin:$PATH
"$place/venv/bin/python" -m pip install -q --no-deps --no-build-isolation \
  -C build-dir="$place/build" -C cmake.build-type=Debug -C cmake.define.CMAKE_CXX_FLAGS=-O1 \
  -C cmake.define.NB_COVERAGE=ON -C cmake.define.NB_TOOLS=ON -C cmake.define.NB_TESTS=ON -e .
find "$place/build" -name '*.gcda' -delete
rm -f "$place"/python.*
"$place/build/nb-unit"
"$place/build/nb-fuzz" --count=10000 --seed=1 --out="$place"
"$place/build/nb-fuzz" tests/traces/*.trace
"$place/venv/bin/python" -m pytest -q -n 2 --dist loadgroup "${@:-tests}" || true
"$place/venv/bin/python" -m coverage combine -q --rcfile="$place/coveragerc" || true
"$place/venv/bin/python" -m coverage report --rcfile="$place/coveragerc" --skip-covered | tee "$place/python.txt"
"$place/venv/bin/python" -m gcovr -r . --object-directory "$place/build" --filter csrc/ --exclude csrc/tools/ \
  --gcov-ignore-parse-errors --exclude-throw-branches --exclude-unreachable-branches -s --txt "$place/lines.txt" --txt-metric line \
  --json-summary "$place/summary.json"
tail -12 "$place/lines.txt"
