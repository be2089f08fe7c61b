"""The processes that run what is due: a worker claims runs, each runs in a child of its own.

`worker` claims, `children` looks after the processes and `output` after what they print, `nursery`
is the warm process that they are forked from, `child` is what happens in one of them, and `serving`
is a worker and a scheduler in one process for deployments that a script serves. What is decided
about runs is decided in `noria.backend`; what runs them is the engine. Nothing here is imported by
either.
"""
