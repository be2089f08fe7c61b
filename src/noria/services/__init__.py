"""The loops that look after all runs: schedules, late runs, runs whose process has died, tidying.

Each is a module with a function `run_once`; `keeper` calls them when they are due, in a process of
their own or within a worker's. One process at a time leads and does so at once; the others look
whether it does. What is decided about runs is decided in `noria.backend`, what executes them is
`noria.worker`.
"""
