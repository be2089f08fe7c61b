"""Typed inputs: pydantic models whose fields a person or another run fills in."""

from __future__ import annotations

import functools
import uuid
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

import pydantic
from pydantic import ConfigDict, PrivateAttr

from noria.core.errors import RunInputError
from noria.core.states import State
from noria.engine.dispatch import async_dispatch, in_thread
from noria.engine.pauses import Question
from noria.engine.suspension import keyset
from noria.input import actions
from noria.input.actions import FlowRunInput, ensure_flow_run_id
from noria.input.handlers import GetAutomaticInputHandler, GetInputHandler

R = TypeVar("R", bound="RunInput")
T = TypeVar("T")

Keyset = dict[str, str]
"""The keys of what a pause asks for, and of the answer: description, response, schema."""

_SENDERS = (actions.SENDER, "prefect.flow-run.")


def keyset_from_base_key(base_key: str) -> Keyset:
    """The keys that belong to the key of a pause.

    Example:
        >>> keyset_from_base_key("paused-1")["response"]
        'paused-1-response'
    """
    return keyset(base_key)


def keyset_from_paused_state(state: State[Any]) -> Keyset:
    """The keys of the pause that a paused state stands for.

    Raises:
        RunInputError: It is no paused state.
    """
    if not state.is_paused():
        raise RunInputError(f"{state.name} is no paused state, so it has no inputs.")
    return keyset(f"{state.name.lower()}-{state.state_details.pause_key}")


class RunInputMetadata(pydantic.BaseModel):
    """Where an input came from and for whom it is.

    Attributes:
        key: Its key within the run.
        sender: Who sent it; `noria.flow-run.ID` for a flow run.
        receiver: The flow run it was sent to.
    """

    key: str
    sender: str | None = None
    receiver: uuid.UUID


class BaseRunInput(pydantic.BaseModel):
    """What every input has; derive your own from `RunInput`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    _description: ClassVar[str | None] = None
    _metadata: RunInputMetadata = PrivateAttr()

    @property
    def metadata(self) -> RunInputMetadata:
        """Where it came from."""
        return self._metadata

    @classmethod
    def question(cls) -> Question:
        """What a person is asked who is to give such an input."""
        return Question(cls.model_json_schema(), cls._description, cls.read)

    @classmethod
    def read(cls, value: Any) -> Any:
        """What a flow is given of an answer.

        Parameters:
            value: The answer, as JSON has it.

        Raises:
            ValueError: It does not fit.
        """
        return cls.model_validate(value or {})

    @classmethod
    def keyset_from_type(cls) -> Keyset:
        """The keys of inputs of this type."""
        return keyset(cls.__name__.lower())

    @classmethod
    def _save(cls, keyset: Keyset, flow_run_id: uuid.UUID | None) -> None:
        question = cls.question()
        actions.create(keyset["schema"], question.schema, flow_run_id, overwrite=True)
        if question.description:
            key = keyset["description"]
            actions.create(key, question.description, flow_run_id, overwrite=True)

    @classmethod
    async def asave(cls, keyset: Keyset, flow_run_id: uuid.UUID | None = None) -> None:
        """As `save`, to be awaited."""
        await in_thread(cls._save, keyset, flow_run_id)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.asave(*args, **kwargs))
    def save(cls, keyset: Keyset, flow_run_id: uuid.UUID | None = None) -> None:
        """Keep what is asked for with a run.

        Parameters:
            keyset: Under which keys.
            flow_run_id: The run; the one around the caller by default.
        """
        cls._save(keyset, flow_run_id)

    @classmethod
    def _load(cls, keyset: Keyset, flow_run_id: uuid.UUID | None) -> Any:
        receiver = ensure_flow_run_id(flow_run_id)
        value = cls.read(actions.read(keyset["response"], receiver))
        if isinstance(value, BaseRunInput):
            metadata = RunInputMetadata(key=keyset["response"], sender=None, receiver=receiver)
            value._metadata = metadata
        return value

    @classmethod
    async def aload(cls, keyset: Keyset, flow_run_id: uuid.UUID | None = None) -> Any:
        """As `load`, to be awaited."""
        return await in_thread(cls._load, keyset, flow_run_id)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aload(*args, **kwargs))
    def load(cls, keyset: Keyset, flow_run_id: uuid.UUID | None = None) -> Any:
        """The answer that a run was given.

        Parameters:
            keyset: Under which keys.
            flow_run_id: The run; the one around the caller by default.

        Raises:
            ValueError: The answer does not fit.
        """
        return cls._load(keyset, flow_run_id)

    @classmethod
    def load_from_flow_run_input(cls, flow_run_input: FlowRunInput) -> Self:
        """The input of what a run was sent.

        Raises:
            ValueError: It does not fit.
        """
        found = cls.model_validate(flow_run_input.decoded_value)
        found._metadata = RunInputMetadata(
            key=flow_run_input.key,
            sender=flow_run_input.sender,
            receiver=flow_run_input.flow_run_id,
        )
        return found

    @classmethod
    def with_initial_data(cls, description: str | None = None, **kwargs: Any) -> type[Self]:
        """The same input with other defaults.

        Parameters:
            description: Shown to who is asked.
            kwargs: Field -> default. A name that is no field becomes one.

        Example:
            >>> class Release(RunInput):
            ...     version: str
            >>> Release.with_initial_data(description="Which one?", version="1.0")().version
            '1.0'
        """
        fields: dict[str, Any] = {}
        for name, value in kwargs.items():
            known = cls.model_fields.get(name)
            fields[name] = (type(value) if known is None else known.annotation, value)
        made = pydantic.create_model(
            cls.__name__, __base__=cls, __module__=cls.__module__, **fields
        )
        if description is not None:
            made._description = description
        return made

    def _send(self, flow_run_id: Any, sender: str | None, key_prefix: str | None) -> None:
        prefix = key_prefix or f"{type(self).__name__.lower()}-auto"
        value = self.model_dump(mode="json", by_alias=True)
        key = f"{prefix}-{uuid.uuid4()}"
        actions.create(key, value, flow_run_id, sender or actions.sender_here())

    async def asend_to(
        self, flow_run_id: uuid.UUID, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """As `send_to`, to be awaited."""
        await in_thread(self._send, flow_run_id, sender, key_prefix)

    @async_dispatch(lambda self, *args, **kwargs: self.asend_to(*args, **kwargs))
    def send_to(
        self, flow_run_id: uuid.UUID, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """Send this input to a flow run, which gets it by `receive`.

        Parameters:
            flow_run_id: The run.
            sender: Who sends it; the flow run around the caller by default.
            key_prefix: How its key begins; after the type by default.

        Raises:
            ObjectNotFound: There is no such run.
        """
        self._send(flow_run_id, sender, key_prefix)

    async def arespond(
        self, run_input: Any, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """As `respond`, to be awaited."""
        await in_thread(as_input(run_input)._send, self._sender_id(), sender, key_prefix)

    @async_dispatch(lambda self, *args, **kwargs: self.arespond(*args, **kwargs))
    def respond(
        self, run_input: Any, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """Send something to the flow run that sent this input.

        Parameters:
            run_input: What to send; a `RunInput`, or any value that JSON can say.
            sender: Who sends it; the flow run around the caller by default.
            key_prefix: How its key begins; after the type by default.

        Raises:
            RunInputError: This input was not sent by a flow run.
        """
        as_input(run_input)._send(self._sender_id(), sender, key_prefix)

    def _sender_id(self) -> uuid.UUID:
        sender = self.metadata.sender or ""
        for prefix in _SENDERS:
            if sender.startswith(prefix):
                return uuid.UUID(sender.removeprefix(prefix))
        raise RunInputError(
            f"There is no flow run to respond to: the input was sent by {sender or 'nobody named'}."
        )


class RunInput(BaseRunInput):
    """An input of your own: derive from it and list the fields.

    Example:
        >>> class Approval(RunInput):
        ...     approved: bool
        ...     备注: str = ""
        >>> Approval(approved=True)
        Approval(approved=True, 备注='')
    """

    @classmethod
    def receive(
        cls,
        timeout: float | None = 3600,
        poll_interval: float = 10,
        raise_timeout_error: bool = False,
        exclude_keys: set[str] | None = None,
        key_prefix: str | None = None,
        flow_run_id: uuid.UUID | None = None,
    ) -> GetInputHandler[Self]:
        """Iterate over the inputs of this type that a flow run is sent; see `receive_input`."""
        return GetInputHandler(
            cls,
            key_prefix or f"{cls.__name__.lower()}-auto",
            timeout,
            poll_interval,
            raise_timeout_error,
            exclude_keys,
            flow_run_id,
        )

    @classmethod
    def subclass_from_base_model_type(cls, model_cls: type[pydantic.BaseModel]) -> type[RunInput]:
        """The input that has the fields of a pydantic model; what it gives is one of those."""
        return _of_model(model_cls)


@functools.lru_cache(maxsize=256)
def _of_model(model_cls: type[pydantic.BaseModel]) -> type[RunInput]:
    # One class for one model, as long as the model lives in a program.
    namespace = {"__module__": model_cls.__module__, "__doc__": model_cls.__doc__}
    return cast(
        "type[RunInput]", type(f"{model_cls.__name__}RunInput", (RunInput, model_cls), namespace)
    )


class AutomaticRunInput(BaseRunInput, Generic[T]):
    """An input of one value of any type.

    Attributes:
        value: The value.
    """

    value: T

    @classmethod
    def read(cls, value: Any) -> Any:
        """The value itself."""
        return cls.model_validate(value or {}).value

    @classmethod
    def subclass_from_type(cls, _type: Any) -> type[AutomaticRunInput[Any]]:
        """The input of one value of a type that pydantic knows.

        Its name has the type's, `list` for `list[int]`, so that what was sent as the one is
        received as the other.
        """
        name = getattr(_type, "__name__", None) or getattr(_type, "_name", None) or ""
        return pydantic.create_model(
            f"{name.lower()}AutomaticRunInput", __base__=AutomaticRunInput, value=(_type, ...)
        )

    @classmethod
    def receive(
        cls,
        timeout: float | None = 3600,
        poll_interval: float = 10,
        raise_timeout_error: bool = False,
        exclude_keys: set[str] | None = None,
        key_prefix: str | None = None,
        flow_run_id: uuid.UUID | None = None,
        with_metadata: bool = False,
    ) -> GetAutomaticInputHandler[T]:
        """Iterate over the values of this type that a flow run is sent; see `receive_input`."""
        return GetAutomaticInputHandler(
            cls,
            key_prefix or f"{cls.__name__.lower()}-auto",
            timeout,
            poll_interval,
            raise_timeout_error,
            exclude_keys,
            flow_run_id,
            with_metadata,
        )


def run_input_subclass_from_type(_type: Any) -> type[BaseRunInput]:
    """The input for a type: a `RunInput` as it is, a pydantic model by its fields, any other type
    as one value.

    Raises:
        pydantic.PydanticSchemaGenerationError: Pydantic knows nothing of the type.
    """
    if isinstance(_type, type) and issubclass(_type, pydantic.BaseModel):
        if issubclass(_type, BaseRunInput):
            return _type
        if not issubclass(_type, pydantic.RootModel):
            return _of_model(_type)
    return AutomaticRunInput.subclass_from_type(_type)


def as_input(value: Any) -> BaseRunInput:
    """A value as an input that can be sent."""
    if isinstance(value, BaseRunInput):
        return value
    made = run_input_subclass_from_type(type(value))
    if issubclass(made, AutomaticRunInput):
        return made(value=value)
    return made.model_validate(value.model_dump(by_alias=True))


def receive_input(
    input_type: Any,
    timeout: float | None = 3600,
    poll_interval: float = 10,
    raise_timeout_error: bool = False,
    exclude_keys: set[str] | None = None,
    key_prefix: str | None = None,
    flow_run_id: uuid.UUID | None = None,
    with_metadata: bool = False,
) -> Any:
    """Iterate over what a flow run is sent: `for x in ...` or `async for x in ...`.

    Parameters:
        input_type: A `RunInput`, a pydantic model, or any type that pydantic knows.
        timeout: Seconds to wait for each; None waits for ever.
        poll_interval: Seconds after which it is looked again at the latest, however quiet it is.
        raise_timeout_error: Raise when none has come in time, instead of ending the loop.
        exclude_keys: Inputs that are not wanted.
        key_prefix: How the keys begin; after the type by default.
        flow_run_id: The run; the one around the caller by default.
        with_metadata: Give the inputs with where they came from, rather than their values.

    Returns:
        An iterator of either kind, with a method `next`.

    Example:
        >>> from noria import flow
        >>> from noria.runtime import flow_run
        >>> @flow
        ... def total():
        ...     for number in (1, 2, 3):
        ...         send_input(number, flow_run.id)
        ...     return sum(receive_input(int, timeout=0))
        >>> total()
        6
    """
    cls = run_input_subclass_from_type(input_type)
    options: dict[str, Any] = {
        "timeout": timeout,
        "poll_interval": poll_interval,
        "raise_timeout_error": raise_timeout_error,
        "exclude_keys": exclude_keys,
        "flow_run_id": flow_run_id,
    }
    prefix = key_prefix or f"{cls.__name__.lower()}-auto"
    if issubclass(cls, AutomaticRunInput):
        return GetAutomaticInputHandler(cls, prefix, **options, with_metadata=with_metadata)
    return GetInputHandler(cls, prefix, **options)


def _send(
    run_input: Any, flow_run_id: uuid.UUID, sender: str | None, key_prefix: str | None
) -> None:
    as_input(run_input)._send(flow_run_id, sender, key_prefix)


async def asend_input(
    run_input: Any,
    flow_run_id: uuid.UUID,
    sender: str | None = None,
    key_prefix: str | None = None,
) -> None:
    """As `send_input`, to be awaited."""
    await in_thread(_send, run_input, flow_run_id, sender, key_prefix)


@async_dispatch(asend_input)
def send_input(
    run_input: Any,
    flow_run_id: uuid.UUID,
    sender: str | None = None,
    key_prefix: str | None = None,
) -> None:
    """Send something to a flow run, which gets it by `receive_input`.

    Parameters:
        run_input: A `RunInput`, or any value that JSON can say.
        flow_run_id: The run.
        sender: Who sends it; the flow run around the caller by default.
        key_prefix: How its key begins; after the type by default.

    Raises:
        ObjectNotFound: There is no such run.
    """
    _send(run_input, flow_run_id, sender, key_prefix)
