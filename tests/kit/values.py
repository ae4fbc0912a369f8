"""What holds of values that pass between rooms, and of options: frozen, plain, and explained."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from types import ModuleType
from typing import Any, get_args


def values_of(module: ModuleType) -> list[type[Any]]:
    """Returns the dataclasses that a module defines, in its order."""
    return [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and kind.__module__ == module.__name__
        and dataclasses.is_dataclass(kind)
    ]


def members(union: Any) -> set[type[Any]]:
    """Returns the classes of a union."""
    return set(get_args(union))


def assert_plain(kind: type[Any]) -> None:
    """A value cannot be changed, holds nothing but its fields, and says what it is."""
    assert kind.__dataclass_params__.frozen, kind
    assert "__slots__" in vars(kind), kind
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}("), f"{kind} has no docstring"


def methods_of(kind: type[Any]) -> list[str]:
    """Returns the methods and properties that a class writes down itself."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def assert_explained(kind: type[Any]) -> None:
    """Every field has a line under "Attributes:" of the docstring, and every line a field."""
    _, found, lines = inspect.getdoc(kind).partition("Attributes:\n")  # type: ignore[union-attr]
    assert found, f"{kind} explains no field"
    heads = re.findall(r"^    (\w+(?:, \w+)*):", lines, re.MULTILINE)
    names = [name for head in heads for name in head.split(", ")]
    assert names == [field.name for field in dataclasses.fields(kind)], kind
