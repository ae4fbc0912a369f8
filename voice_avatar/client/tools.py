"""Functions of a client's program as tools of the avatar's model.

    async def weather(city: str) -> dict[str, float]:
        "Tells the weather in a city."
        ...

    async with connect(url, tools={"weather": weather}) as avatar: ...

The model is told of a function's name, its docstring and its parameters, whose types are those that
msgspec knows. What a call brings is compared with them; what goes wrong is told to the model.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_type_hints

import msgspec

from voice_avatar.errors import VoiceAvatarError
from voice_avatar.tools.offers import MAX_DESCRIPTION_CHARS, MAX_OUTPUT_CHARS
from voice_avatar.wire import client_messages, turn_messages

_log = logging.getLogger(__name__)

ToolFunction = Callable[..., Awaitable[Any]]


class ClientTools:
    """The functions that may be called, and the calls under way: a task each."""

    def __init__(self, functions: Mapping[str, ToolFunction]) -> None:
        """Raises TypeError for a function whose parameters have no type, or one unknown."""
        self._functions = dict(functions)
        self._arguments = {name: _arguments(name, it) for name, it in functions.items()}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def offers(self) -> tuple[client_messages.ToolOffer, ...]:
        """What the server is told of them."""
        return tuple(
            client_messages.ToolOffer(
                name=name,
                description=(inspect.getdoc(function) or "")[:MAX_DESCRIPTION_CHARS],
                parameters=_schema(self._arguments[name]),
            )
            for name, function in self._functions.items()
        )

    def call(
        self,
        call: turn_messages.ToolCall,
        answer: Callable[[client_messages.ToolResult], Awaitable[None]],
    ) -> None:
        """Begins a call, if it is of a function here; `answer` gets its result."""
        if call.name in self._functions:
            task = asyncio.create_task(self._run(call, answer), name=call.call_id)
            self._tasks[call.call_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(call.call_id, None))

    def cancel(self, call_id: str) -> None:
        """Stops a call whose result nobody waits for."""
        if task := self._tasks.get(call_id):
            task.cancel()

    async def aclose(self) -> None:
        """Stops all calls."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(
        self,
        call: turn_messages.ToolCall,
        answer: Callable[[client_messages.ToolResult], Awaitable[None]],
    ) -> None:
        try:
            given = msgspec.json.decode(call.arguments, type=self._arguments[call.name])
            fields = given.__struct_fields__
            result = await self._functions[call.name](
                **{key: getattr(given, key) for key in fields}
            )
            output = result if isinstance(result, str) else msgspec.json.encode(result).decode()
        except Exception as error:  # the program's own function: the model hears that it failed
            _log.warning("the tool %s failed: %s", call.name, type(error).__name__)
            output = msgspec.json.encode({"error": f"{type(error).__name__}: {error}"}).decode()
        try:
            await answer(
                client_messages.ToolResult(call_id=call.call_id, output=output[:MAX_OUTPUT_CHARS])
            )
        except VoiceAvatarError:
            return  # the session is over, and says so itself


def _arguments(name: str, function: ToolFunction) -> type[msgspec.Struct]:
    """Returns a type whose fields are the parameters of a function."""
    hints = get_type_hints(function, include_extras=True)
    fields: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"The tool {name!r} must not take *{parameter.name}.")
        if parameter.name not in hints:
            raise TypeError(f"The parameter {parameter.name!r} of the tool {name!r} has no type.")
        field = (parameter.name, hints[parameter.name])
        has_default = parameter.default is not parameter.empty
        fields.append((*field, parameter.default) if has_default else field)
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


def _schema(arguments: type[msgspec.Struct]) -> dict[str, Any]:
    (reference,), definitions = msgspec.json.schema_components(
        [arguments], ref_template="#/$defs/{name}"
    )
    own: dict[str, Any] = definitions.pop(reference["$ref"].removeprefix("#/$defs/"))
    own.pop("title", None)
    return own | {"$defs": definitions} if definitions else own
