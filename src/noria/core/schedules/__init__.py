"""When something is due: cron expressions, anchored intervals and recurrence rules (RFC 5545).

A rule is a value; it answers one question, when it is due next after a moment. Moments are integer
microseconds UTC. What is due in an hour that the clock leaps over is due once right after it; a
fixed time in an hour that comes twice is due in the first of the two.
"""
