"""Tasks in processes of their own.

`pool` is the parent's side: a pool of threads, each of which owns a child process and hands it the
calls of the lifecycle program. `child` is what such a process runs; there, `stand_ins` take the
place of session and flow execution. In between lie `channel`, `messages`, and what makes tasks,
values and exceptions fit to travel: `sending`, `receiving` and `exceptions`.
"""
