"""Task.map: what is split, what is broadcast, what is refused."""

from typing import Any

from prefect import allow_failure, flow, task, unmapped
from prefect.futures import PrefectFutureList
from prefect.runtime import task_run
from prefect.utilities.annotations import quote

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import caught_as, error_facts, error_kind, outcome, state_facts


@task
def inc(x: int) -> int:
    return x + 1


@task
def add(a: Any, b: Any = 10) -> Any:
    return a + b


@task
def picky(x: int) -> int:
    if x == 2:
        raise ValueError(f"no {x}")
    return x


def case_map_over_a_list() -> Any:
    def body() -> Any:
        futures = inc.map([1, 2, 3])
        return [
            isinstance(futures, PrefectFutureList),
            isinstance(futures, list),
            len(futures),
            futures.result(),
            [f.result() for f in futures],
        ]

    return in_flow(body)


def case_map_outside_a_flow_is_refused() -> Any:
    return caught_as(lambda: inc.map([1, 2]), RuntimeError)


def case_map_over_two_lists() -> Any:
    return in_flow(lambda: add.map([1, 2], [10, 20]).result())


def case_map_with_keywords() -> Any:
    return in_flow(lambda: add.map(a=[1, 2], b=[3, 4]).result())


def case_map_uses_defaults_as_static() -> Any:
    return in_flow(lambda: add.map([1, 2]).result())


def case_map_broadcasts_scalars() -> Any:
    return in_flow(lambda: add.map([1, 2], 5).result())


def case_map_does_not_split_text() -> Any:
    return in_flow(lambda: add.map(["a", "b"], "xyz").result())


def case_map_over_text_only_is_refused() -> Any:
    return in_flow(lambda: error_kind(inc.map, "abc"))


def case_map_with_unmapped() -> Any:
    return in_flow(lambda: add.map([[1], [2]], unmapped([9, 9])).result())


def case_map_with_only_unmapped_is_refused() -> Any:
    return in_flow(lambda: outcome(add.map, unmapped([1, 2]), 3))


def case_map_with_only_scalars_is_refused() -> Any:
    return in_flow(lambda: outcome(add.map, 1, 2))


def case_map_with_different_lengths_is_refused() -> Any:
    return in_flow(lambda: outcome(add.map, [1, 2, 3], [1, 2]))


def case_map_over_nothing() -> Any:
    return in_flow(lambda: [len(inc.map([])), inc.map([]).result()])


def case_map_over_other_iterables() -> Any:
    def body() -> Any:
        return [
            inc.map((1, 2)).result(),
            sorted(inc.map({1, 2}).result()),
            inc.map(range(3)).result(),
            inc.map(x for x in [5, 6]).result(),
            inc.map(iter([7])).result(),
            inc.map({1: "a", 2: "b"}).result(),
        ]

    return in_flow(body)


def case_map_over_bytes() -> Any:
    return in_flow(lambda: outcome(lambda: inc.map(b"ab").result()))


def case_map_over_a_dict_value_is_by_key() -> Any:
    return in_flow(lambda: add.map(["x", "y"], {"p": 1, "q": 2}).result())


def case_map_over_the_futures_of_a_map() -> Any:
    return in_flow(lambda: inc.map(inc.map([1, 2])).result())


def case_map_over_a_future_of_a_list() -> Any:
    @task
    def numbers() -> list[int]:
        return [1, 2, 3]

    return in_flow(lambda: inc.map(numbers.submit()).result())


def case_map_with_an_unmapped_future() -> Any:
    @task
    def number() -> int:
        return 100

    return in_flow(lambda: add.map([1, 2], unmapped(number.submit())).result())


def case_map_with_a_future_that_is_no_list() -> Any:
    @task
    def number() -> int:
        return 100

    return in_flow(lambda: outcome(lambda: add.map([1, 2], number.submit()).result()))


def case_map_over_a_list_of_futures_and_values() -> Any:
    return in_flow(lambda: inc.map([inc.submit(1), 10]).result())


def case_map_over_states() -> Any:
    return in_flow(lambda: inc.map([inc(1, return_state=True)]).result())


def case_map_with_return_state() -> Any:
    def body() -> Any:
        states = picky.map([1, 2, 3], return_state=True)
        return [type(states).__name__, [state_facts(state) for state in states]]

    return in_flow(body)


def case_map_result_raises_the_first_failure() -> Any:
    return in_flow(lambda: outcome(picky.map([1, 2, 3]).result))


def case_map_result_without_raising() -> Any:
    return in_flow(lambda: picky.map([1, 2, 3]).result(raise_on_failure=False))


def case_map_a_failed_item_only_stops_its_own_line() -> Any:
    def body() -> Any:
        second = inc.map(picky.map([1, 2, 3]))
        second.wait()
        return [f.state.name for f in second]

    return in_flow(body)


def case_map_gathered_with_a_failed_item() -> Any:
    @task
    def total(xs: Any) -> Any:
        return sum(xs)

    return in_flow(lambda: total.submit(picky.map([1, 2, 3]), return_state=True).name)


def case_map_gathered_with_allow_failure() -> Any:
    @task
    def kinds(xs: Any) -> Any:
        return [type(x).__name__ for x in xs]

    return in_flow(lambda: kinds(allow_failure(picky.map([1, 2, 3]))))


def case_map_over_allow_failure() -> Any:
    @task
    def kind(x: Any) -> Any:
        return error_facts(x) if isinstance(x, Exception) else x

    return in_flow(lambda: kind.map(allow_failure(picky.map([1, 2]))).result())


def case_map_of_a_map_sums() -> Any:
    @task
    def total(xs: Any) -> Any:
        return sum(xs)

    return in_flow(lambda: total(inc.map(range(10))))


def case_map_with_wait_for() -> Any:
    def body() -> Any:
        futures = inc.map([1, 2], wait_for=[picky.submit(2)])
        futures.wait()
        return [f.state.name for f in futures]

    return in_flow(body)


def case_map_with_unknown_arguments() -> Any:
    return in_flow(lambda: [error_kind(inc.map), error_kind(inc.map, [1], y=[2])])


def case_map_with_varargs() -> Any:
    @task
    def collect(*xs: Any) -> Any:
        return list(xs)

    return in_flow(lambda: outcome(lambda: collect.map([1, 2], [3, 4]).result()))


def case_map_with_keyword_varargs() -> Any:
    @task
    def collect(**xs: Any) -> Any:
        return dict(sorted(xs.items()))

    return in_flow(lambda: outcome(lambda: collect.map(a=[1, 2], b=unmapped([3])).result()))


def case_map_with_quote() -> Any:
    @task
    def kind(x: Any) -> Any:
        return type(x).__name__

    return in_flow(lambda: outcome(lambda: kind.map(quote([1, 2])).result()))


async def case_map_of_an_async_task_in_an_async_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    @flow
    async def f() -> Any:
        return double.map([1, 2, 3]).result()

    return await f()


def case_map_of_an_async_task_in_a_sync_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    return in_flow(lambda: double.map([1, 2, 3]).result())


def case_map_over_nested_lists_passes_inner_lists() -> Any:
    @task
    def size(xs: list[int]) -> int:
        return len(xs)

    return in_flow(lambda: size.map([[1], [1, 2], []]).result())


def case_map_of_many() -> Any:
    return in_flow(lambda: sum(inc.map(range(100)).result()))


def case_mapped_run_names() -> Any:

    @task(task_run_name="item-{x}")
    def look(x: int) -> Any:
        return task_run.name

    return in_flow(lambda: look.map([1, 2]).result())
