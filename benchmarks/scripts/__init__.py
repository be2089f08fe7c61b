"""What is measured: short programs, as a user writes them, each run in a process of its own."""
