"""Prefect's name for the module of its test harness."""

from noria.testing.harness import prefect_test_harness

__all__ = ["prefect_test_harness"]
