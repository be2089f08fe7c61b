"""What flows and tasks have in common: a function of the user's with options around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from noria.core import functions
from noria.core.names import format_name
from noria.core.parameters import ParameterSpec, check_reserved
from noria.core.states import StateType
from noria.engine.groups import identity_key

Hook = Callable[..., Any]


class Marked:
    """A function that Noria runs.

    Attributes:
        fn: The function as the user wrote it.
        name: What its runs are called after.
        isasync: Whether it is a coroutine function or an async generator function.
        isgenerator: Whether it is a generator function, sync or async.
        spec: Its parameters.
    """

    kind = "function"
    attributes: ClassVar[dict[str, str]] = {}
    """Option -> attribute that holds it, where the names differ."""

    fn: Callable[..., Any]
    name: str
    spec: ParameterSpec
    identity_key: bytes

    def adopt(self, fn: Any) -> Callable[..., Any]:
        """Take the function in: unwrap what a decorator below has made of it, look at it once."""
        self._isclassmethod = isinstance(fn, classmethod)
        self._isstaticmethod = isinstance(fn, staticmethod)
        if isinstance(fn, classmethod | staticmethod):
            fn = fn.__func__
        if not callable(fn):
            raise TypeError("'fn' must be callable")
        functions.take_metadata(self, fn)
        self.fn = fn
        self.isasync = functions.is_async(fn)
        self.isgenerator = functions.is_generator(fn)
        self.spec = ParameterSpec.of(fn)
        check_reserved(self.spec)
        self._task_key: str | None = None
        adopted: Callable[..., Any] = fn
        return adopted

    def identify(self) -> None:
        """Work out what calls of this are known by; to be called once the name is set."""
        self.identity_key = identity_key(functions.qualname_of(self.fn), self.name)

    @property
    def task_key(self) -> str:
        """The function's name and a digest of its code."""
        if self._task_key is None:
            short = functions.qualname_of(self.fn).rsplit(".", 1)[-1]
            self._task_key = f"{short}-{functions.code_digest(self.fn)}"
        return self._task_key

    @property
    def ismethod(self) -> bool:
        """Whether this is bound to an instance."""
        return hasattr(self.fn, "__self__") and not self._isclassmethod

    @property
    def isclassmethod(self) -> bool:
        """Whether this was made of a class method."""
        return self._isclassmethod

    @property
    def isstaticmethod(self) -> bool:
        """Whether this was made of a static method."""
        return self._isstaticmethod

    def set_hooks(self, states: dict[str, StateType], given: dict[str, Any]) -> None:
        """Take over the hooks that were given as options.

        Parameters:
            states: Option -> the type of state in which its hooks are called.
            given: Option -> what the user gave.

        Raises:
            TypeError: An option is not a list of functions.
        """
        check_hooks(self.kind, {option: given[option] for option in states})
        self._hooks = {option: list(given[option] or ()) for option in states}
        self._hooks_by_state = {kind: self._hooks[option] for option, kind in states.items()}

    def hooks_for(self, kind: StateType) -> Sequence[Hook]:
        """The hooks to call when a run enters a state of this type."""
        return tuple(self._hooks_by_state.get(kind, ()))

    @property
    def has_hooks(self) -> bool:
        """Whether there is any hook at all."""
        return any(self._hooks.values())

    @property
    def on_completion_hooks(self) -> list[Hook]:
        """Called when a run completes."""
        return self._hooks["on_completion"]

    @property
    def on_failure_hooks(self) -> list[Hook]:
        """Called when a run fails."""
        return self._hooks["on_failure"]

    @property
    def on_running_hooks(self) -> list[Hook]:
        """Called when an attempt begins."""
        return self._hooks["on_running"]

    @property
    def on_cancellation_hooks(self) -> list[Hook]:
        """Called when a run is cancelled."""
        return self._hooks["on_cancellation"]

    @property
    def on_crashed_hooks(self) -> list[Hook]:
        """Called when a run crashes."""
        return self._hooks["on_crashed"]

    def on_completion(self, fn: Hook) -> Hook:
        """Decorator: call `fn(this, run, state)` when a run completes."""
        self.on_completion_hooks.append(fn)
        return fn

    def on_failure(self, fn: Hook) -> Hook:
        """Decorator: call `fn(this, run, state)` when a run fails."""
        self.on_failure_hooks.append(fn)
        return fn

    def on_running(self, fn: Hook) -> Hook:
        """Decorator: call `fn(this, run, state)` when an attempt begins."""
        self.on_running_hooks.append(fn)
        return fn

    def on_cancellation(self, fn: Hook) -> Hook:
        """Decorator: call `fn(this, run, state)` when a run is cancelled."""
        self.on_cancellation_hooks.append(fn)
        return fn

    def on_crashed(self, fn: Hook) -> Hook:
        """Decorator: call `fn(this, run, state)` when a run crashes."""
        self.on_crashed_hooks.append(fn)
        return fn

    def changed(self, given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
        """The options of a copy.

        Parameters:
            given: What `with_options` was called with, defaults included.
            defaults: Its defaults: an option that still has its own stays as it is.
        """
        options: dict[str, Any] = {}
        for option, default in defaults.items():
            value = given[option]
            options[option] = self._present(option) if value is default else value
        return options

    def _present(self, option: str) -> Any:
        if option in self._hooks:
            return list(self._hooks[option])
        value = getattr(self, self.attributes.get(option, option))
        return set(value) if isinstance(value, set) else value

    def original(self) -> Any:
        """The function as it was decorated, class or static method if it was one."""
        if self._isclassmethod:
            return classmethod(self.fn)
        return staticmethod(self.fn) if self._isstaticmethod else self.fn

    def around(self, decorate: Callable[[Any], Any]) -> Any:
        """The same with its function decorated once more."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.adopt(decorate(self.original()))
        twin.identify()
        return twin

    def bound_to(self, instance: Any, owner: type | None) -> Any:
        """The same, as a method of `instance`; what `__get__` gives."""
        if self._isstaticmethod:
            return self
        if self._isclassmethod:
            target: Any = owner if owner is not None else type(instance)
        elif instance is None:
            return self
        else:
            target = instance
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound.fn = self.fn.__get__(target, owner)
        bound.spec = ParameterSpec.of(bound.fn)
        return bound


def run_name(given: Any, parameters: dict[str, Any], owner: str, option: str) -> Any:
    """The name of a run from what the user gave: a template, or a function of none or of the
    parameters."""
    if isinstance(given, str):
        return format_name(given, parameters)
    spec = ParameterSpec.of(given)
    name = given(parameters=parameters) if "parameters" in spec.names else given()
    if hasattr(name, "__await__"):
        return _checked_later(name, given, owner, option)
    return _checked(name, given, owner, option)


async def _checked_later(name: Any, given: Any, owner: str, option: str) -> str:
    return _checked(await name, given, owner, option)


def _checked(name: Any, given: Any, owner: str, option: str) -> str:
    if not isinstance(name, str):
        raise TypeError(
            f"Callable {given} for '{option}' returned type {type(name).__name__} "
            "but a string is required."
        )
    return name


def check_hooks(kind: str, hooks: dict[str, Any]) -> None:
    """Refuse hooks that are not lists of functions, naming the option.

    Raises:
        TypeError: Says what was expected and what was given.
    """
    for option, given in hooks.items():
        if given is None:
            continue
        try:
            members = list(given)
        except TypeError:
            raise TypeError(
                f"Expected iterable for '{option}'; got {type(given).__name__} instead. Please"
                f" provide a list of hooks to '{option}':\n\n"
                f"@{kind}({option}=[hook1, hook2])\ndef my_{kind}():\n\tpass"
            ) from None
        for hook in members:
            if not callable(hook):
                raise TypeError(
                    f"Expected callables in '{option}'; got {type(hook).__name__} instead. Please"
                    f" provide a list of hooks to '{option}':\n\n"
                    f"@{kind}({option}=[hook1, hook2])\ndef my_{kind}():\n\tpass"
                )
