"""A pipeline over every flight that left New York City in 2013.

`pipeline.py` holds the flow and is the place to start reading; `tasks.py` the tasks, each a thin
step around a plain function of the other modules; `demo.py` runs, kills and resumes the flow.
"""
