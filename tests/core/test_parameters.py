"""Binding agrees with what Python does in a call, and with what `inspect` says of it."""

import functools
import inspect
import subprocess
import sys
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.core.errors import ParameterBindError, ReservedArgumentError, SignatureMismatchError
from noria.core.parameters import ParameterSpec, check_reserved

checked = settings(derandomize=True, deadline=None, max_examples=300)


@st.composite
def functions(draw):
    """A function of any signature, which returns what it was called with."""
    names = iter("abcdefgh")
    parts = []
    only, plain, keywords = (draw(st.integers(0, 2)) for _ in range(3))
    first_default = draw(st.integers(0, only + plain))
    for place in range(only + plain):
        name = next(names)
        parts.append(name if place < first_default else f"{name}='default {name}'")
        if place == only - 1:
            parts.append("/")
    if draw(st.booleans()):
        parts.append("*args")
    elif keywords:
        parts.append("*")
    for _ in range(keywords):
        name = next(names)
        parts.append(draw(st.sampled_from([name, f"{name}='default {name}'"])))
    if draw(st.booleans()):
        parts.append("**kwargs")
    scope: dict[str, Any] = {}
    exec(f"def called({', '.join(parts)}):\n    return dict(locals())", scope)
    return scope["called"]


calls = st.tuples(
    st.lists(st.integers(), max_size=6).map(tuple),
    st.dictionaries(st.sampled_from("abcdefxyz"), st.integers(), max_size=4),
)


@checked
@given(functions(), calls)
def test_bind_agrees_with_a_call(fn, call):
    args, kwargs = call
    before = dict(kwargs)
    try:
        expected = fn(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError) as worded:
            inspect.signature(fn).bind(*args, **kwargs)
        with pytest.raises(ParameterBindError) as caught:
            ParameterSpec.of(fn).bind(args, kwargs)
        assert f"for function 'called': {worded.value}.\n" in str(caught.value)
    else:
        bound = ParameterSpec.of(fn).bind(args, kwargs)
        assert bound == expected
        assert list(bound) == list(inspect.signature(fn).parameters)
    assert kwargs == before


@checked
@given(functions(), calls)
def test_to_call_gives_the_function_what_was_bound(fn, call):
    spec = ParameterSpec.of(fn)
    try:
        bound = spec.bind(*call)
    except ParameterBindError:
        return
    twice = set(bound.get("kwargs", ())) & (set(bound) - spec.positional_only - {"kwargs"})
    assert not twice
    args, kwargs = spec.to_call(bound)
    assert fn(*args, **kwargs) == fn(*call[0], **call[1]) == bound


@checked
@given(functions(), calls)
def test_a_partial_shows_the_signature_that_inspect_shows(fn, call):
    partial = functools.partial(fn, *call[0], **call[1])
    try:
        signature = inspect.signature(partial)
    except ValueError:
        with pytest.raises(ValueError, match="incorrect arguments"):
            ParameterSpec.of(partial)
        return
    spec = ParameterSpec.of(partial)
    assert list(spec.names) == list(signature.parameters)
    kinds = inspect.Parameter
    assert spec.required == {
        name
        for name, parameter in signature.parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
    }
    assert spec.keyword_only == {
        name for name, p in signature.parameters.items() if p.kind is kinds.KEYWORD_ONLY
    }


def test_attributes_describe_the_signature():
    def load(path, /, rows=10, *more, strict, **options): ...

    spec = ParameterSpec.of(load)
    assert spec.names == ("path", "rows", "more", "strict", "options")
    assert spec.required == {"path", "strict"}
    assert spec.positional_only == {"path"}
    assert spec.keyword_only == {"strict"}
    assert (spec.var_positional, spec.var_keyword) == ("more", "options")
    assert spec.has_var_positional
    assert spec.has_var_keyword
    assert spec.defaults == {"rows": 10}


def test_var_arguments_stand_under_their_names():
    def load(path, *more, **options): ...

    bound = ParameterSpec.of(load).bind((1, 2, 3), {"z": 4})
    assert bound == {"path": 1, "more": (2, 3), "options": {"z": 4}}


class Loader:
    def method(self, path, rows=1):
        return path, rows

    @classmethod
    def of_class(cls, path):
        return path

    @staticmethod
    def static(path):
        return path

    def __call__(self, path, *, rows):
        return path, rows


CALLABLES = {
    "bound method": Loader().method,
    "function of a class": Loader.method,
    "class method": Loader.of_class,
    "static method": Loader.static,
    "static method, not yet looked up": Loader.__dict__["static"],
    "object": Loader(),
    "class": Loader,
    "builtin": len,
    "method of a builtin": dict.get,
    "partial of a bound method": functools.partial(Loader().method, rows=3),
    "partial of a partial": functools.partial(functools.partial(Loader().method, 1), 2),
}


@pytest.mark.parametrize("kind", CALLABLES)
def test_any_callable_shows_the_signature_that_inspect_shows(kind):
    fn = CALLABLES[kind]
    assert list(ParameterSpec.of(fn).names) == list(inspect.signature(fn).parameters)


def test_a_wrapper_shows_what_it_wraps():
    def load(path, rows=10): ...

    @functools.wraps(load)
    def wrapper(*args, **kwargs): ...

    assert ParameterSpec.of(wrapper).names == ("path", "rows")


def test_a_wrapper_that_takes_keywords_only_is_called_so():
    def load(path, rows=10): ...

    @functools.wraps(load)
    def wrapper(**kwargs):
        return kwargs

    args, kwargs = ParameterSpec.of(wrapper).to_call({"path": 1, "rows": 2})
    assert wrapper(*args, **kwargs) == {"path": 1, "rows": 2}


def test_a_signature_set_by_hand_is_believed():
    def load(*args): ...

    load.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("path", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    )
    assert ParameterSpec.of(load).names == ("path",)


def test_what_cannot_be_called_has_no_parameters():
    with pytest.raises(TypeError, match="not a callable"):
        ParameterSpec.of(3)  # type: ignore[arg-type]


def test_a_misfit_names_function_and_signature():
    def load(path, rows=10): ...

    with pytest.raises(ParameterBindError) as caught:
        ParameterSpec.of(load).bind((1, 2, 3), {})
    assert str(caught.value) == (
        "Error binding parameters for function 'load': too many positional arguments.\n"
        "Function 'load' has signature 'path, rows=10' "
        "but received args: (1, 2, 3) and kwargs: []."
    )


def test_a_misfit_of_something_without_a_name_names_its_type():
    with pytest.raises(ParameterBindError, match="for function 'Loader'"):
        ParameterSpec.of(Loader()).bind((), {})


def test_a_misfit_does_not_show_all_of_a_large_argument():
    def load(): ...

    with pytest.raises(ParameterBindError, match="100000 in all") as caught:
        ParameterSpec.of(load).bind((list(range(100_000)),), {})
    assert len(str(caught.value)) < 400


def test_to_call_names_unknown_parameters():
    def load(path, rows): ...

    with pytest.raises(SignatureMismatchError) as caught:
        ParameterSpec.of(load).to_call({"path": 1, "columns": 2})
    assert str(caught.value) == (
        "Function expects parameters ['path', 'rows'] "
        "but was provided with parameters ['path', 'columns']"
    )


def test_to_call_passes_what_follows_a_gap_by_keyword():
    def load(path=1, rows=2): ...

    assert ParameterSpec.of(load).to_call({"rows": 5}) == ((), {"rows": 5})


def test_to_call_fills_gaps_before_var_positional():
    def load(path=1, rows=2, *more): ...

    assert ParameterSpec.of(load).to_call({"rows": 5, "more": [6, 7]}) == ((1, 5, 6, 7), {})


def test_to_call_refuses_a_parameter_given_twice():
    def load(path, **options): ...

    with pytest.raises(TypeError, match=r"load\(\) got multiple values for argument\(s\): path"):
        ParameterSpec.of(load).to_call({"path": 1, "options": {"path": 2}})


def test_a_pydantic_field_gives_its_default_anew():
    fresh: Any = pydantic.Field(default_factory=list)

    def load(paths: list[str] = fresh, rows=pydantic.Field(7)): ...  # noqa: B008

    spec = ParameterSpec.of(load)
    one, other = spec.bind((), {}), spec.bind((), {})
    assert one == {"paths": [], "rows": 7}
    assert one["paths"] is not other["paths"]


def test_a_pydantic_field_without_a_default_is_required():
    def load(rows: int = pydantic.Field(gt=3)): ...

    with pytest.raises(ParameterBindError, match="missing a required argument: 'rows'"):
        ParameterSpec.of(load).bind((), {})


@pytest.mark.parametrize("name", ["return_state", "wait_for"])
def test_reserved_names_are_refused(name):
    scope: dict[str, Any] = {}
    exec(f"def load({name}): ...", scope)
    with pytest.raises(ReservedArgumentError) as caught:
        check_reserved(ParameterSpec.of(scope["load"]))
    assert str(caught.value) == f"{name!r} is a reserved argument name and cannot be used."


def test_annotations_are_resolved_late_and_one_by_one():
    scope: dict[str, Any] = {}
    exec("def load(path: 'Path', rows: 'list[int]', other: 'Missing'): ...", scope)
    spec = ParameterSpec.of(scope["load"])
    assert spec.annotations == {"rows": list[int]}
    scope["Path"] = Loader
    assert spec.annotations == {"path": Loader, "rows": list[int]}


def test_annotations_see_the_closure():
    class Row: ...

    def load(row: "Row"):
        return Row

    assert ParameterSpec.of(load).annotations == {"row": Row}


@pytest.mark.parametrize(
    "module",
    ["parameters", "validation", "backoff", "names", "previews", "tracebacks", "transitions"],
)
def test_importing_is_light(module):
    heavy = ("inspect", "logging", "dataclasses", "asyncio", "pydantic")
    script = f"import noria.core.{module}, sys; print(*set({heavy}) & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []
