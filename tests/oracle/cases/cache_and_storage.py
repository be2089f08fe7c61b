"""The cache and the places and forms in which results are kept."""

import datetime
import pathlib
import tempfile
from dataclasses import dataclass
from typing import Any

import pydantic
from prefect import flow, task
from prefect.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    TASK_SOURCE,
    CachePolicy,
)
from prefect.filesystems import LocalFileSystem
from prefect.results import ResultStore, get_result_store
from prefect.runtime import flow_run
from prefect.tasks import task_input_hash

from tests.oracle.harness import outcome


class LM(pydantic.BaseModel):
    a: int


def case_json_serializer_tuple() -> Any:

    @task(persist_result=True, result_serializer="json")
    def t():
        return (1, 2)

    s = t(return_state=True)
    return [type(t()).__name__, type(s.result()).__name__]


def case_json_cached_tuple() -> Any:

    @task(cache_policy=INPUTS, result_serializer="json")
    def t(x):
        return (1, x)

    t(5)
    s = t(5, return_state=True)
    return [s.name, s.result()]


def case_json_cached_model() -> Any:

    @task(cache_policy=INPUTS, result_serializer="json")
    def t(x):
        return LM(a=x)

    t(5)
    s = t(5, return_state=True)
    return [s.name, type(s.result()).__name__, s.result().a]


def case_storage_path_object() -> Any:
    d = pathlib.Path(tempfile.mkdtemp())

    @task(result_storage=d, result_storage_key="k.bin", persist_result=True)
    def t(x):
        return [x]

    return [outcome(lambda: t(3)), (d / "k.bin").exists()]


def case_result_store_write_read() -> Any:
    d = tempfile.mkdtemp()
    st = ResultStore(result_storage=LocalFileSystem(basepath=d))
    st.write(key="a", obj={"x": 1})
    r = st.read("a")
    return [r.result, st.exists("a"), st.exists("b"), type(r).__name__]


def case_result_store_expired() -> Any:
    d = tempfile.mkdtemp()
    st = ResultStore(result_storage=LocalFileSystem(basepath=d))
    st.write(
        key="a",
        obj=1,
        expiration=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    )
    return st.exists("a")


def case_result_store_in_task() -> Any:

    @task(persist_result=True)
    def t():
        get_result_store().write(key="mine", obj=[1])
        return get_result_store().read("mine").result

    return t()


def case_local_fs() -> Any:
    d = tempfile.mkdtemp()
    fs = LocalFileSystem(basepath=d)
    fs.write_path("a/b.txt", b"hi")
    return [
        fs.read_path("a/b.txt").decode(),
        outcome(lambda: fs.read_path("zz"))["raised"],
        outcome(lambda: fs.write_path("../x", b""))["raised"],
    ]


async def case_local_fs_async() -> Any:
    d = tempfile.mkdtemp()
    fs = LocalFileSystem(basepath=d)
    await fs.awrite_path("a.txt", b"hi") if hasattr(fs, "awrite_path") else None
    return (await fs.aread_path("a.txt")).decode()


def case_cached_exception_object() -> Any:

    @task(cache_policy=INPUTS)
    def t(x):
        return ValueError("obj")

    return [type(t(1)).__name__, type(t(1)).__name__]


def case_cache_key_fn_static() -> Any:
    n = []

    @task(cache_key_fn=lambda c, p: "static")
    def t(x):
        n.append(x)
        return x

    return [t(1), t(2), len(n)]


def case_cache_key_fn_across_tasks() -> Any:
    def k(c, p):
        return "samekey"

    @task(cache_key_fn=k)
    def a():
        return "a"

    @task(cache_key_fn=k)
    def b():
        return "b"

    return [a(), b()]


def case_inputs_across_tasks() -> Any:

    @task(cache_policy=INPUTS)
    def a(x):
        return "a"

    @task(cache_policy=INPUTS)
    def b(x):
        return "b"

    return [a(1), b(1)]


def case_task_source_across_tasks() -> Any:

    @task(cache_policy=INPUTS + TASK_SOURCE)
    def a(x):
        return "a"

    @task(cache_policy=INPUTS + TASK_SOURCE)
    def b(x):
        return "b"

    return [a(1), b(1), a(1)]


def case_task_input_hash_across() -> Any:
    n = []

    @task(cache_key_fn=task_input_hash)
    def a(x):
        n.append(1)
        return "a"

    @task(cache_key_fn=task_input_hash)
    def b(x):
        n.append(1)
        return "b"

    return [a(1), b(1), a(1), a(2), len(n)]


def case_task_input_hash_value() -> Any:
    seen = []

    def k(c, p):
        h = task_input_hash(c, p)
        seen.append(isinstance(h, str))
        return h

    @task(cache_key_fn=k)
    def a(x):
        return 1

    a(1)
    return seen


def case_cache_expiration_td() -> Any:
    n = []

    @task(cache_policy=INPUTS, cache_expiration=datetime.timedelta(days=1))
    def t(x):
        n.append(1)
        return x

    t(1)
    s = t(1, return_state=True)
    return [s.name, len(n), s.state_details.cache_expiration is None]


def case_flow_params_policy() -> Any:
    n = []

    @task(cache_policy=FLOW_PARAMETERS)
    def t():
        n.append(1)
        return 1

    @flow
    def f(x):
        return t(return_state=True).name

    return [f(1), f(1), f(2)]


def case_cached_in_retry() -> Any:
    n = []

    @task(persist_result=True)
    def t(x):
        n.append(1)
        return x

    @flow(retries=1)
    def f():
        t(1)
        if flow_run.run_count == 1:
            raise ValueError
        return t(1, return_state=True).name

    return [f(), len(n)]


def case_policy_minus_unknown() -> Any:
    return [type(INPUTS - "zz").__name__, INPUTS - "zz" == INPUTS, DEFAULT - "x" == DEFAULT]


def case_custom_policy_dataclass() -> Any:

    @dataclass
    class P(CachePolicy):
        salt: str = "s"

        def compute_key(self, task_ctx, inputs, flow_parameters, **kw):
            return self.salt + str(inputs["x"])

    n = []

    @task(cache_policy=P(salt="q"))
    def t(x):
        n.append(1)
        return x

    t(1)
    t(1)
    return [len(n), outcome(lambda: type(P() + INPUTS).__name__)]


def case_persist_false_wins() -> Any:
    n = []

    @task(cache_policy=INPUTS, persist_result=False)
    def t(x):
        n.append(1)
        return x

    t(1)
    t(1)
    return len(n)


def case_mutable_cached_value() -> Any:

    @task(cache_policy=INPUTS)
    def t(x):
        return [x]

    a = t(1)
    a.append(9)
    return t(1)


def case_kwargs_order_key() -> Any:
    n = []

    @task(cache_policy=INPUTS)
    def t(a, b):
        n.append(1)

    t(a=1, b=2)
    t(b=2, a=1)
    t(1, 2)
    return len(n)


def case_cache_varargs() -> Any:
    n = []

    @task(cache_policy=INPUTS)
    def t(*a, **k):
        n.append(1)

    t(1, x=2)
    t(1, x=2)
    t(2)
    return len(n)


def case_cached_map_same_input() -> Any:
    n = []

    @task(cache_policy=INPUTS)
    def t(x):
        n.append(1)
        return x

    @flow
    def f():
        t(0)
        return [s.name for s in t.map([0, 0], return_state=True)]

    return f()
