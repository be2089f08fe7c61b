"""The `noria` command.

A command lives in the module of its noun (`runs/ls.py`, `db.py`), which is loaded only when the
command is called; what all of them share stands beside: errors and their codes, output formats,
the naming of runs, times. Nothing here decides anything about runs: it asks the layers below.
"""
