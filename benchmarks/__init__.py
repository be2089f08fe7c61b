"""Noria measured against its budgets and its peers; `python -m benchmarks --help` says how.

A row of the budgets is a module here (`tasks`, `submit`, ...): what is run, and what is read off.
What is run stands in `benchmarks.scripts`, each a script in a fresh process with a home of its own.
The sides of a row take turns, A B A B, so that a load that comes and goes meets them all; figures
are medians with their extremes, and mostly CPU time, which says the same on a busy machine.

Users have compiled modules on disk. A sandbox that sets PYTHONDONTWRITEBYTECODE would make every
start compile Noria anew, so children run without it, and what measures a start has a first round
that does not count.

Not here: tests. A goal that is not met is a line in the report, never a failure.
"""
