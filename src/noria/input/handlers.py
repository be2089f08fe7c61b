"""Iterators over what a flow run is sent, in loops of either kind."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from typing import Any, Generic, Self, TypeVar

from noria.core import clock
from noria.engine.bell import Bell, Ear
from noria.engine.dispatch import async_dispatch, in_thread
from noria.engine.drivers import adrive, drive
from noria.engine.effects import Ask, Effect, Listen, Program
from noria.engine.session import open_session
from noria.input.actions import FlowRunInput, ensure_flow_run_id, filtered

R = TypeVar("R")
T = TypeVar("T")


class _Handler:
    """Gives the inputs of one kind that a run is sent, each once, in the order of sending.

    Parameters:
        run_input_cls: Their type.
        key_prefix: How their keys begin.
        timeout: Seconds to wait for the next one; None waits for ever.
        poll_interval: Seconds after which it is looked again at the latest, however quiet it is.
        raise_timeout_error: Whether a loop raises when none has come in time, instead of ending.
        exclude_keys: Inputs that are not wanted.
        flow_run_id: The run; the one around the caller by default.
    """

    def __init__(
        self,
        run_input_cls: type[Any],
        key_prefix: str,
        timeout: float | None = 3600,
        poll_interval: float = 10,
        raise_timeout_error: bool = False,
        exclude_keys: set[str] | None = None,
        flow_run_id: uuid.UUID | None = None,
    ) -> None:
        self.run_input_cls = run_input_cls
        self.key_prefix = key_prefix
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.raise_timeout_error = raise_timeout_error
        self.exclude_keys: set[str] = set(exclude_keys or ())
        self.flow_run_id = ensure_flow_run_id(flow_run_id)

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def filter_for_inputs_sync(self) -> list[FlowRunInput]:
        """The next input, if there is one by now; it is not given again."""
        found = filtered(self.key_prefix, 1, self.exclude_keys, self.flow_run_id)
        self.exclude_keys.update(each.key for each in found)
        return found

    async def filter_for_inputs(self) -> list[FlowRunInput]:
        """As `filter_for_inputs_sync`, to be awaited."""
        return await in_thread(self.filter_for_inputs_sync)

    def _await_next(self) -> Program[FlowRunInput]:
        session = open_session()
        bell: Bell = getattr(session, "bell", None) or Bell()
        deadline = None if self.timeout is None else clock.monotonic() + self.timeout
        with bell.listening() as ear:
            getattr(session.journal, "watch", lambda: None)()
            while True:
                ear.forget()
                found = yield Ask(self.filter_for_inputs_sync)
                if found:
                    first: FlowRunInput = found[0]
                    return first
                yield from self._listen(ear, deadline)

    def _listen(self, ear: Ear, deadline: float | None) -> Generator[Effect, Any, None]:
        left = self.poll_interval
        if deadline is not None:
            left = min(left, deadline - clock.monotonic())
        if left <= 0:
            raise TimeoutError(
                f"Nothing was sent to flow run {self.flow_run_id} under {self.key_prefix}-* within "
                f"{self.timeout:g} s."
            )
        yield Listen(ear, left, aside=True)


class GetInputHandler(_Handler, Generic[R]):
    """What `RunInput.receive` gives: to iterate over, or to ask for the `next`."""

    def to_instance(self, flow_run_input: FlowRunInput) -> R:
        """The input of what was sent."""
        found: R = self.run_input_cls.load_from_flow_run_input(flow_run_input)
        return found

    async def anext(self) -> R:
        """As `next`, to be awaited."""
        return self.to_instance(await adrive(self._await_next()))

    @async_dispatch(lambda self: self.anext())
    def next(self) -> R:
        """The next input; waits for it.

        Raises:
            TimeoutError: None has come in time.
        """
        return self.to_instance(drive(self._await_next()))

    def __next__(self) -> R:
        try:
            return self.to_instance(drive(self._await_next()))
        except TimeoutError:
            if self.raise_timeout_error:
                raise
            raise StopIteration from None

    async def __anext__(self) -> R:
        try:
            return await self.anext()
        except TimeoutError:
            if self.raise_timeout_error:
                raise
            raise StopAsyncIteration from None


class GetAutomaticInputHandler(_Handler, Generic[T]):
    """What `receive_input` gives for a type that is no model: the values themselves."""

    def __init__(
        self,
        run_input_cls: type[Any],
        key_prefix: str,
        timeout: float | None = 3600,
        poll_interval: float = 10,
        raise_timeout_error: bool = False,
        exclude_keys: set[str] | None = None,
        flow_run_id: uuid.UUID | None = None,
        with_metadata: bool = False,
    ) -> None:
        super().__init__(
            run_input_cls,
            key_prefix,
            timeout,
            poll_interval,
            raise_timeout_error,
            exclude_keys,
            flow_run_id,
        )
        self.with_metadata = with_metadata

    def to_instance(self, flow_run_input: FlowRunInput) -> Any:
        """The value of what was sent, or all of it when its metadata are wanted."""
        found: Any = self.run_input_cls.load_from_flow_run_input(flow_run_input)
        return found if self.with_metadata else found.value

    async def anext(self) -> Any:
        """As `next`, to be awaited."""
        return self.to_instance(await adrive(self._await_next()))

    @async_dispatch(lambda self: self.anext())
    def next(self) -> Any:
        """The next value; waits for it.

        Raises:
            TimeoutError: None has come in time.
        """
        return self.to_instance(drive(self._await_next()))

    def __next__(self) -> Any:
        try:
            return self.to_instance(drive(self._await_next()))
        except TimeoutError:
            if self.raise_timeout_error:
                raise
            raise StopIteration from None

    async def __anext__(self) -> Any:
        try:
            return await self.anext()
        except TimeoutError:
            if self.raise_timeout_error:
                raise
            raise StopAsyncIteration from None
