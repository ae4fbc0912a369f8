"""Calls of tools in the forms that models have for them, where those are not plain JSON. Pure.

Qwen3-Coder's and Llama's `<function=…>`, GLM's keys and values, Mistral's `name[ARGS]{…}`,
DeepSeek's and Kimi's sections, harmony's channel, Python's `name(key=value)`.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any, Final

_FUNCTION: Final = re.compile(r"<(?:function=|invoke name=)[\"']?([\w.:-]{1,64})[\"']?\s*>")
_PARAMETER: Final = re.compile(
    r"<parameter(?:=| name=)[\"']?([^\"'<>\s]{1,128})[\"']?[^<>]*>(.*?)</parameter>", re.DOTALL
)
_PAIR: Final = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)
_NAMED: Final = re.compile(
    r"([A-Za-z_][\w.-]{0,63})(?::\d+)?\s*"
    "(?:\\[CALL_ID\\]\\s*\\w+\\s*)?(?:\\[ARGS\\]|<\\|tool_call_argument_begin\\|>|```(?:json)?)?\\s*(?=\\{)"
)
_NAME_FIRST: Final = re.compile(r"\s*([A-Za-z_][\w.-]{0,63})\s*(?=<arg_key>|$|\n)")
_ARGUMENTS: Final = ("arguments", "parameters", "args", "input")

Call = tuple[str, str]
"""Name and arguments, JSON text."""


def calls_in(block: str, recipient: str = "") -> list[Call]:
    """Returns the calls that stand between the marks of one.

    Args:
        block: what stands there.
        recipient: the tool's name, where it stood outside.
    """
    if recipient:
        value = _json_at(block, block.find("{"))[0] if "{" in block else {}
        return [(_plain(recipient), _text(value))] if isinstance(value, dict) else []
    if _FUNCTION.search(block):
        return [_tagged(name, body) for name, body in _functions(block)]
    stripped = block.lstrip()
    if stripped[:1] in ("{", "["):
        listed = _listed(stripped)
        return listed or _python(stripped)
    pairs = _PAIR.findall(block)
    first = _NAME_FIRST.match(block)
    if pairs and first:
        return [(_plain(first[1]), _text({key.strip(): _value(text) for key, text in pairs}))]
    named = _named(block)
    return named or _python(stripped)


def _functions(block: str) -> list[tuple[str, str]]:
    parts = _FUNCTION.split(block)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _tagged(name: str, body: str) -> Call:
    given = {key: _value(text) for key, text in _PARAMETER.findall(body)}
    if not given and "{" in body:
        value = _json_at(body, body.find("{"))[0]
        given = value if isinstance(value, dict) else {}
    return _plain(name), _text(given)


def _listed(text: str) -> list[Call]:
    """Returns the calls of JSON objects with a name, one after the other or in a list."""
    calls: list[Call] = []
    at = 0
    while 0 <= at < len(text):
        value, end = _json_at(text, at)
        if end == at:
            break
        for item in value if isinstance(value, list) else [value]:
            call = _object(item)
            if call is not None:
                calls.append(call)
        rest = re.search(r"[{\[]", text[end:])
        at = end + rest.start() if rest else -1
    return calls


def _object(item: object) -> Call | None:
    if not isinstance(item, dict):
        return None
    inner: dict[str, Any] = item["function"] if isinstance(item.get("function"), dict) else item
    name = inner.get("name") or inner.get("function") or inner.get("tool")
    if not isinstance(name, str):
        return None
    given: Any = next((inner[key] for key in _ARGUMENTS if key in inner), {})
    if isinstance(given, str):
        return _plain(name), given
    return _plain(name), _text(given if given is not None else {})


def _named(block: str) -> list[Call]:
    calls: list[Call] = []
    at = 0
    while (found := _NAMED.search(block, at)) is not None:
        value, end = _json_at(block, found.end())
        if end == found.end():
            break
        calls.append((_plain(found[1]), _text(value)))
        at = end
    return calls


def _python(text: str) -> list[Call]:
    """Returns calls as Python writes them: `[f(a=1), g()]`. Nothing is carried out."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    nodes = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
    calls: list[Call] = []
    for node in nodes:
        if not isinstance(node, ast.Call):
            return []
        try:
            given = {word.arg: ast.literal_eval(word.value) for word in node.keywords if word.arg}
            calls.append((_plain(ast.unparse(node.func)), _text(given)))
        except (ValueError, TypeError, RecursionError):
            return []
    return calls


def _json_at(text: str, at: int) -> tuple[Any, int]:
    """Returns the JSON that begins there, and where it ends; that place itself = it is none."""
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at
    return value, end


def _value(text: str) -> Any:
    """Returns a value that stands as text: JSON where it is some, else the text."""
    text = text.strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(name: str) -> str:
    """Returns a tool's name without the space that some formats put it in."""
    return name.removeprefix("functions.").partition(":")[0]
