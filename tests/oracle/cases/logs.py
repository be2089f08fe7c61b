"""Loggers of runs, prints as logs, and what surrounds them."""

import builtins
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import prefect.logging
from prefect import flow, get_run_logger, task
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import disable_run_logger, get_logger
from prefect.logging.loggers import flow_run_logger, task_run_logger
from prefect.runtime import flow_run

from tests.oracle.harness import error_kind, outcome


class Kept(logging.Handler):
    """Keeps the records it is given."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def listening(name: str) -> Iterator[list[Any]]:
    """The records that reach a logger of the library meanwhile, whatever its level was."""
    logger = get_logger(name)
    handler, level, parents_hear = Kept(), logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield handler.records
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = parents_hear


def said(records: list[Any], *words: str) -> list[Any]:
    """Level and text of the records whose text contains one of the words."""
    return [
        [record.levelname, record.getMessage()]
        for record in records
        if any(word in record.getMessage() for word in words)
    ]


def case_public_names() -> Any:
    wanted = ("disable_run_logger", "get_logger", "get_run_logger")
    return [name for name in wanted if name in prefect.logging.__all__]


def case_get_run_logger_outside_a_run() -> Any:
    return [error_kind(get_run_logger), issubclass(MissingContextError, RuntimeError)]


def case_get_run_logger_in_a_flow_and_a_task() -> Any:
    @task
    def t() -> Any:
        logger = get_run_logger()
        return [isinstance(logger, logging.LoggerAdapter), logger.name]

    @flow
    def f() -> Any:
        logger = get_run_logger()
        return [isinstance(logger, logging.LoggerAdapter), logger.name, t()]

    return f()


def case_a_flows_log_record() -> Any:
    @flow(name="loud", flow_run_name="the run")
    def f() -> None:
        get_run_logger().info("hello %s", "世界")

    with listening("flow_runs") as records:
        f()
    (record,) = [r for r in records if r.getMessage() == "hello 世界"]
    return [record.levelname, record.name, record.flow_name, record.flow_run_name]


def case_a_tasks_log_record() -> Any:
    @task(name="loud task", task_run_name="the task run")
    def t() -> None:
        get_run_logger().warning("careful")

    @flow(name="loud", flow_run_name="the run")
    def f() -> None:
        t()

    with listening("task_runs") as records:
        f()
    (record,) = [r for r in records if r.getMessage() == "careful"]
    return [
        record.levelname,
        record.name,
        record.task_name,
        record.task_run_name,
        record.flow_name,
        record.flow_run_name,
    ]


def case_a_log_record_of_a_task_outside_a_flow() -> Any:
    @task(name="alone")
    def t() -> None:
        get_run_logger().error("oops")

    with listening("task_runs") as records:
        t()
    (record,) = [r for r in records if r.getMessage() == "oops"]
    return [record.levelname, record.task_name, record.flow_name, record.flow_run_id]


def case_log_records_carry_the_ids() -> Any:

    ids: list[Any] = []

    @flow
    def f() -> None:
        ids.append(flow_run.id)
        get_run_logger().info("marked")

    with listening("flow_runs") as records:
        f()
    (record,) = [r for r in records if r.getMessage() == "marked"]
    return str(record.flow_run_id) == ids[0]


def case_extra_fields_of_a_log_call() -> Any:
    @flow
    def f() -> None:
        get_run_logger().info("with extra", extra={"rows": 5})

    with listening("flow_runs") as records:
        f()
    (record,) = [r for r in records if r.getMessage() == "with extra"]
    return [getattr(record, "rows", "lost"), hasattr(record, "flow_run_id")]


def case_fields_given_to_the_run_logger() -> Any:
    @flow
    def f() -> None:
        get_run_logger(batch="b1").info("with field")

    with listening("flow_runs") as records:
        f()
    (record,) = [r for r in records if r.getMessage() == "with field"]
    return getattr(record, "batch", "lost")


def case_prints_become_records() -> Any:
    @flow(log_prints=True)
    def f() -> None:
        print("one", "two", sep="-")  # noqa: T201 - the print is what is looked at
        print()  # noqa: T201

    with listening("flow_runs") as records:
        f()
    return said(records, "one")


def case_prints_of_a_task_inherit_the_flows_choice() -> Any:
    @task
    def inherits() -> None:
        print("from inheriting task")  # noqa: T201

    @task(log_prints=False)
    def refuses() -> None:
        print("from refusing task")  # noqa: T201

    @flow(log_prints=True)
    def f() -> None:
        inherits()
        refuses()

    with listening("task_runs") as records:
        f()
    return said(records, "from ")


def case_prints_of_a_child_flow_inherit_the_parents_choice() -> Any:
    @flow
    def child() -> None:
        print("from child")  # noqa: T201

    @flow(log_prints=True)
    def parent() -> None:
        child()

    with listening("flow_runs") as records:
        parent()
    return said(records, "from child")


def case_prints_without_log_prints_are_no_records() -> Any:
    @flow
    def f() -> None:
        print("plain")  # noqa: T201

    with listening("flow_runs") as records:
        f()
    return said(records, "plain")


def case_print_to_a_file_is_not_captured() -> Any:

    target = io.StringIO()

    @flow(log_prints=True)
    def f() -> None:
        print("to file", file=target)

    with listening("flow_runs") as records:
        f()
    return [said(records, "to file"), target.getvalue()]


def case_print_is_restored_after_the_flow() -> Any:

    before = builtins.print

    @flow(log_prints=True)
    def f() -> None: ...

    f()
    return builtins.print is before


def case_names_of_loggers() -> Any:
    root = get_logger().name
    return [root, get_logger("mine").name, get_logger(f"{root}.x").name]


def case_disable_run_logger_outside_a_run() -> Any:
    def use() -> Any:
        with disable_run_logger():
            logger = get_run_logger()
            logger.info("nobody hears")
            return isinstance(logger, logging.Logger | logging.LoggerAdapter)

    return outcome(use)


def case_disable_run_logger_around_a_task_function() -> Any:
    @task
    def t() -> int:
        get_run_logger().info("quiet")
        return 3

    with disable_run_logger():
        return t.fn()


def case_get_run_logger_in_a_task_function_called_plainly() -> Any:
    @task
    def t() -> None:
        get_run_logger().info("x")

    return error_kind(t.fn)


def case_get_run_logger_in_a_helper() -> Any:
    def helper() -> Any:
        return get_run_logger().name

    @task
    def t() -> Any:
        return helper()

    return t()


def case_levels_of_the_run_logger() -> Any:
    @flow
    def f() -> None:
        logger = get_run_logger()
        logger.debug("word debug")
        logger.info("word info")
        logger.warning("word warning")
        logger.error("word error")
        logger.critical("word critical")

    with listening("flow_runs") as records:
        f()
    return said(records, "word")


def case_exceptions_in_log_records() -> Any:
    @flow
    def f() -> None:
        try:
            raise ValueError("inner")
        except ValueError:
            get_run_logger().exception("caught")

    with listening("flow_runs") as records:
        f()
    (record,) = [r for r in records if r.getMessage() == "caught"]
    return [record.levelname, record.exc_info is not None]


def case_run_loggers_made_from_runs() -> Any:

    @task
    def t() -> Any:
        return task_run_logger(TaskRunContext.get().task_run).name

    @flow
    def f() -> Any:
        return [flow_run_logger(FlowRunContext.get().flow_run).name, t()]

    return f()


def case_a_child_logger_of_the_run_logger() -> Any:
    @flow
    def f() -> Any:
        return outcome(lambda: get_run_logger().getChild("part").name)

    return f()


async def case_run_logger_in_async_runs() -> Any:
    @task
    async def t() -> Any:
        return get_run_logger().name

    @flow
    async def f() -> Any:
        return [get_run_logger().name, await t()]

    return await f()
