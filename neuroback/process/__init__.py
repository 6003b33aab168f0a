# SPDX-License-Identifier: MIT
"""The room of processes: what this machine has, and how programs are started, watched and ended.

    cpus         which CPUs there are for us, counted once
    memory       what a process takes
    attend       the one loop that waits for a child, watches its limits, ends and reaps it
    child        which process dies with which
    isolated     one task in a forked child
    tree         a process with all its descendants: find, measure, end
    group        control groups if they may be had
    supervisor   a process that answers for a tree; slot is the other end
    slot         cores of one's own and a supervisor on them
    pool         workers: threads, local processes, a Dask cluster
    programs     Kissat, found once
    progress     the bar

Only primitives are here; what a limit means and what becomes of an answer are decided above, by
engines, data sets and the bench.
"""
