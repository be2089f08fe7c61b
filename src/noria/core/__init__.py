"""The rules of orchestration, and nothing that acts.

Here: states and their transition table, schedules, back-off, keys, ids, errors; and the one module
that reads the clock. Not here: input and output, threads, event loops, SQL, the user's functions.
"""
