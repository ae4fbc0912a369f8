"""Functions of a Python program as tools, over a real socket and a real server."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

import pytest
from kit.edge import engines, running

from voice_avatar.client.connection import connect
from voice_avatar.client.tools import ClientTools
from voice_avatar.tools.as_text import as_call_text
from voice_avatar.wire import client_messages, server_messages, session_messages, turn_messages

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]

WARM = "Ready."
"""What the model says when the server tries it."""


async def weather(city: str, unit: Literal["c", "f"] = "c") -> dict[str, Any]:
    """Tells the weather in a city."""
    return {"city": city, "temperature": 21, "unit": unit}


def call(name: str, **arguments: object) -> str:
    return as_call_text(name, json.dumps(arguments))


def test_the_model_is_told_of_a_function_what_its_signature_says() -> None:
    (offer,) = ClientTools({"weather": weather}).offers
    assert (offer.name, offer.description) == ("weather", "Tells the weather in a city.")
    assert offer.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["c", "f"], "default": "c"},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def test_a_function_whose_parameters_cannot_be_told_is_refused() -> None:
    async def untyped(city) -> str:  # type: ignore[no-untyped-def]
        return str(city)

    async def anything(**what: str) -> str:
        return str(what)

    with pytest.raises(TypeError, match="no type"):
        ClientTools({"untyped": untyped})
    with pytest.raises(TypeError, match="must not take"):
        ClientTools({"anything": anything})


async def answered(arguments: str, function: Any = weather) -> Any:
    """Returns what the model is told of a call."""
    came: asyncio.Future[client_messages.ToolResult] = asyncio.get_running_loop().create_future()

    async def answer(result: client_messages.ToolResult) -> None:
        came.set_result(result)

    tools = ClientTools({"weather": function})
    tools.call(
        turn_messages.ToolCall(reply_id=1, call_id="c", name="weather", arguments=arguments), answer
    )
    result = await came
    await tools.aclose()
    assert result.call_id == "c"
    return json.loads(result.output)


async def test_what_a_call_brings_is_compared_with_the_parameters() -> None:
    assert await answered('{"city":"Paris"}') == {"city": "Paris", "temperature": 21, "unit": "c"}
    for arguments in ("{}", '{"city":7}', '{"city":"Paris","unit":"k"}', '{"city":"a","x":1}'):
        assert "ValidationError" in (await answered(arguments))["error"]


async def test_a_function_that_fails_tells_the_model() -> None:
    async def breaks(city: str) -> str:
        raise OSError(f"no way to {city}")

    assert await answered('{"city":"Paris"}', breaks) == {"error": "OSError: no way to Paris"}


async def test_the_avatar_calls_a_function_and_says_what_came_of_it() -> None:
    replies = (f"Let me look. {call('weather', city='Paris')}", "It is sunny.")
    async with (
        running(engines(WARM, *replies)) as server,
        connect(server.url, tools={"weather": weather}) as avatar,
    ):
        assert avatar.ready.settings.tools == ("weather",)
        assert (await avatar.ask("What is the weather in Paris?")).spoken_text == "Let me look."
        assert (await avatar.next_reply()).spoken_text == "It is sunny."
    result = server.llm.requests[-1].messages[-1]
    assert (result.role, json.loads(result.content)["city"]) == ("tool", "Paris")


async def test_a_function_is_stopped_when_the_user_goes_on() -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def slow(city: str) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return city

    replies = (call("slow", city="Paris"), "Here I am.")
    async with (
        running(engines(WARM, *replies)) as server,
        connect(server.url, tools={"slow": slow}) as avatar,
    ):
        await avatar.send_text("What is the weather in Paris?")
        async with asyncio.timeout(10):
            await begun.wait()
            await avatar.send_text("Never mind.")
            await stopped.wait()
        assert (await avatar.next_reply()).text == ""
        assert (await avatar.next_reply()).spoken_text == "Here I am."


async def test_tools_may_change_and_calls_may_be_answered_by_hand() -> None:
    replies = (call("look", where="up"), "It is blue.")
    offer = client_messages.ToolOffer(
        name="look", parameters={"type": "object", "properties": {"where": {}}}
    )
    async with running(engines(WARM, *replies)) as server, connect(server.url) as avatar:
        await avatar.send(client_messages.SessionUpdate(tools=(offer,), tool_choice="look"))
        await avatar.send_text("What do you see?")
        async for event in avatar:
            match event:
                case session_messages.SessionUpdated(settings=settings):
                    assert (settings.tools, settings.tool_choice) == (("look",), "look")
                case turn_messages.ToolCall(call_id=call_id, arguments=arguments):
                    assert json.loads(arguments) == {"where": "up"}
                    await avatar.send(client_messages.ToolResult(call_id=call_id, output="blue"))
                case turn_messages.ReplyDone(spoken_text="It is blue."):
                    break
        _, first, second = server.llm.requests
        assert (first.tool_choice, second.tool_choice) == ("look", "auto")


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        ([{"name": "a b"}], "name"),
        ([{"name": "auto"}], "No tool may be called"),
        ([{"name": "a"}, {"name": "a"}], "more than one"),
        ([{"name": "a", "parameters": {"type": "string"}}], "no JSON schema"),
        ([{"name": f"a{i}"} for i in range(33)], "32"),
        ([{"name": "a", "parameters": {"type": "object", "title": "x" * 9000}}], "over 8192"),
    ],
)
async def test_tools_that_cannot_be_are_refused_and_the_session_goes_on(
    offers: list[dict[str, Any]], said: str
) -> None:
    async with running(engines("Hello.")) as server, connect(server.url) as avatar:
        await avatar._send(json.dumps({"type": "session.update", "tools": offers}))
        async for event in avatar:
            if isinstance(event, server_messages.ErrorMessage):
                assert (event.code, event.ref) == ("bad_field", "session.update")
                assert said in event.message
                break
        assert (await avatar.ask("Hello")).spoken_text == "Hello."


async def test_results_that_nobody_waits_for_are_answered_with_what_they_are() -> None:
    async with running(engines("Hello.")) as server, connect(server.url) as avatar:
        await avatar.send(client_messages.ToolResult(call_id="call_7_7", output=""))
        async for event in avatar:
            if isinstance(event, server_messages.ErrorMessage):
                assert event.code == "tool_call_unknown"
                break
        assert (await avatar.ask("Hello")).spoken_text == "Hello."


async def test_a_tool_choice_that_names_no_tool_is_not_to_be_had() -> None:
    async with running(engines("Hello.")) as server:
        hello = client_messages.SessionHello(tool_choice="look")
        async with connect(server.url, hello=hello) as avatar:
            assert avatar.ready.settings.tool_choice == "auto"
            async for event in avatar:
                if isinstance(event, server_messages.WarningMessage):
                    assert event.code == "setting_unavailable"
                    break
