"""Holds a tree of code to a plan of the house: each rule returns its breaches, as sentences.

A tree is read, never imported. `tests/test_house.py` asks every rule about `voice_avatar/`;
`tests/test_house_law.py` breaks each of them once, on a small package of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from kit.house_plan import Plan, is_within

MOST_LINES = 450
"""Of a file: what can be read in one go."""

MOST_METHODS = 25
MOST_FIELDS = 25
"""Of a class. h11's connection has 22 and 11, the protocol of `websockets` 23 and 23."""

MOST_FILES_AT_THE_ROOT = 8
MOST_MODULES_IN_A_FOLDER = 20
"""Without `__init__.py`."""

IMPURE = frozenset(
    "asyncio concurrent ctypes glob http io logging multiprocessing os queue random sched secrets"
    " select selectors shutil signal socket ssl subprocess tempfile threading time urllib uuid"
    " filelock httpx platformdirs websockets".split()
)
"""Modules that reach out of a function: tasks, threads, clocks, chance, processes, files, wires."""

IMPURE_CALLS = frozenset("breakpoint compile eval exec input open print".split())
IMPURE_METHODS = frozenset("now utcnow today read_text read_bytes write_text write_bytes".split())


@dataclass(frozen=True)
class Tree:
    """A package as it lies on disk.

    Attributes:
        root: its folder; the folder's name is the package's.
    """

    root: Path

    @cached_property
    def modules(self) -> dict[str, Path]:
        """Name without the package's ("engines.relay"; "__init__" for its own) -> file."""
        return {self._name(path): path for path in sorted(self.root.rglob("*.py"))}

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Module -> what it says."""
        return {module: ast.parse(path.read_text("utf-8")) for module, path in self.modules.items()}

    @cached_property
    def own_imports(self) -> dict[str, set[str]]:
        """Module -> the modules of the package that it imports, wherever in it."""
        return {module: set(self._own(module)) for module in self.modules}

    def imports(self, module: str) -> Iterator[str]:
        """Yields the absolute names that a module imports, wherever in it."""
        for node in ast.walk(self.trees[module]):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                yield from (f"{node.module}.{name.name}" for name in node.names)

    def calls(self, module: str) -> Iterator[ast.Call]:
        """Yields the calls of a file, but for what it does only when it is run as a script."""
        for statement in self.trees[module].body:
            is_script = isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)
            for node in () if is_script else ast.walk(statement):
                if isinstance(node, ast.Call):
                    yield node

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts if parts[-1] != "__init__" else parts[:-1]) or "__init__"

    def _own(self, module: str) -> Iterator[str]:
        package = self.root.name
        for name in self.imports(module):
            if name.partition(".")[0] == package:
                inner = name.removeprefix(package).lstrip(".")
                while inner and inner not in self.modules:
                    inner = inner.rpartition(".")[0]
                yield inner or "__init__"


def every_module_lies_in_a_room(tree: Tree, plan: Plan) -> list[str]:
    """No file without a room, and no room without a file."""
    lost = [
        f"{module} lies in no room: move it, or give its room a line in tests/kit/house.py"
        for module in tree.modules
        if module not in plan.root and plan.room_of(module) is None
    ]
    empty = [
        f"{name} is planned and not built"
        for name in plan.all_rooms
        if not any(is_within(module, [name]) for module in tree.modules)
    ]
    return lost + empty


def imports_are_absolute(tree: Tree, plan: Plan) -> list[str]:
    """A name says where it comes from."""
    return [
        f"{module}: relative import in line {node.lineno}"
        for module, parsed in tree.trees.items()
        for node in ast.walk(parsed)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def imports_follow_the_rows(tree: Tree, plan: Plan) -> list[str]:
    """A room imports the rooms of its row, and a room within a room those of its own."""
    breaches = []
    programs = [room.name for room in plan.rooms if room.wing == "programs"]
    for module, imported in tree.own_imports.items():
        if plan.room_of(module) is None and module not in plan.root:
            continue
        home = module.partition(".")[0]
        row, is_free = plan.row(module)
        inner = plan.inner_row(module)
        for name in sorted(imported - {"__init__", module}):
            if name.partition(".")[0] == home:
                own = plan.room_of(module) or home
                is_allowed = inner is None or is_within(name, [own, *inner])
            elif is_free and not is_within(name, programs):
                is_allowed = True
            else:
                is_allowed = is_within(name, row)
            if not is_allowed:
                breaches.append(f"{module} imports {name}, which is not in the row of its room")
    return breaches


def rows_name_only_what_is_used(tree: Tree, plan: Plan) -> list[str]:
    """The table stays true: no room and no exception in it that nobody needs."""
    needs: dict[str, str] = {f"{name}.": row for name, row in plan.root.items()}
    for name, room in plan.all_rooms.items():
        outer, _, inner = name.rpartition(".")
        prefix = f"{outer}." if inner and outer else ""
        needs[name] = " ".join(f"{prefix}{each}" for each in (room.imports or "").split())
    for name, row in plan.opened_by_name.items():
        needs[name] += f" {row}"
    exceptions = {module: row for module, (row, _) in plan.exceptions.items()}
    breaches = []
    for name, row in [*needs.items(), *exceptions.items()]:
        modules = [module for module in tree.modules if is_within(module, [name.rstrip(".")])]
        # What a module may import alone is no use of its room's row.
        used = {
            each
            for module in modules
            for each in tree.own_imports[module]
            if name in exceptions or not is_within(each, exceptions.get(module, "").split())
        }
        breaches += [
            f"{name.rstrip('.')} never imports {each}"
            for each in row.split()
            if not any(is_within(one, [each]) for one in used)
        ]
    return breaches


def nothing_goes_in_a_circle(tree: Tree, plan: Plan) -> list[str]:
    """Neither the rooms (nor those within a room that has rows of its own) nor the modules."""
    rooms: dict[str, set[str]] = {}
    inner: dict[str, set[str]] = {}
    for module, imported in tree.own_imports.items():
        home = module.partition(".")[0]
        rooms.setdefault(home, set()).update(
            name.partition(".")[0] for name in imported if name.partition(".")[0] != home
        )
        if plan.inner_row(module) is not None:
            own = plan.room_of(module) or home
            inner.setdefault(own, set()).update(
                plan.room_of(name) or name
                for name in imported
                if name.startswith(f"{home}.") and plan.room_of(name) != own
            )
    breaches = []
    for what, graph in (("rooms", rooms), ("rooms", inner), ("modules", tree.own_imports)):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            breaches.append(f"{what} in a circle: {' <- '.join(error.args[1])}")
    return breaches


def pure_modules_reach_nothing(tree: Tree, plan: Plan) -> list[str]:
    """By what they import, of others and of the house itself, and by what they call.

    A module of a doing room that says "Pure." is held to its word, though not for what the modules
    of the house do that it imports; and a program's pure rooms are pure by themselves.
    """
    breaches = []
    for module in tree.modules:
        is_pure = plan.is_pure(module)
        if not is_pure and not says_pure(tree.trees[module]):
            continue
        reads_data = is_within(module, plan.data_readers)
        names = set(tree.imports(module))
        reached = {name.partition(".")[0] for name in names} & IMPURE
        if any(is_within(name, ["importlib.resources"]) for name in names) and not reads_data:
            reached.add("importlib.resources")
        breaches += [f"{module} is pure and imports {name}" for name in sorted(reached)]
        breaches += [
            f"{module} is pure and imports {name}, which is not"
            for name in sorted(tree.own_imports[module])
            if is_pure
            and not plan.is_in_a_program(module)
            and not plan.is_pure(name)
            and name not in plan.exceptions.get(module, ("", ""))[0].split()
        ]
        for node in tree.calls(module):
            called = _called(node, reads_data=reads_data)
            if called:
                breaches.append(f"{module} is pure and calls {called} in line {node.lineno}")
    return breaches


def says_pure(module: ast.Module) -> bool:
    """Whether the first paragraph of a module's docstring ends in "Pure."."""
    return (ast.get_docstring(module) or "").partition("\n\n")[0].endswith(" Pure.")


def _called(node: ast.Call, *, reads_data: bool) -> str | None:
    """Returns what a call reaches out with, None if it doesn't."""
    function = node.func
    if isinstance(function, ast.Name) and function.id in IMPURE_CALLS:
        return function.id
    if isinstance(function, ast.Attribute) and not reads_data:
        of = function.value
        is_seeded = function.attr == "default_rng" and node.args
        if isinstance(of, ast.Attribute) and of.attr == "random" and not is_seeded:  # numpy's
            return f"random.{function.attr}"
        if function.attr in IMPURE_METHODS:
            return function.attr
    return None


def files_and_classes_are_small(tree: Tree, plan: Plan) -> list[str]:
    """A file is read in one go; a class has one job."""
    breaches = []
    for module, path in tree.modules.items():
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MOST_LINES:
            breaches.append(f"{module} has {lines} lines, more than {MOST_LINES}")
        for node in ast.walk(tree.trees[module]):
            if isinstance(node, ast.ClassDef):
                methods, fields = len(list(_methods(node))), len(fields_of(node))
                if methods > MOST_METHODS:
                    breaches.append(f"{module}.{node.name} has {methods} methods")
                if fields > MOST_FIELDS:
                    breaches.append(f"{module}.{node.name} has {fields} fields")
    return breaches


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement


def fields_of(node: ast.ClassDef) -> set[str]:
    """Returns the annotated attributes of a class, and those of `self` that `__init__` sets."""
    fields = {
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and not ast.unparse(statement.annotation).startswith(("ClassVar", "Final"))
    }
    for method in _methods(node):
        if method.name == "__init__":
            fields |= {
                part.attr
                for part in ast.walk(method)
                if isinstance(part, ast.Attribute)
                and isinstance(part.ctx, ast.Store)
                and isinstance(part.value, ast.Name)
                and part.value.id == "self"
            }
    return fields


def folders_are_small(tree: Tree, plan: Plan) -> list[str]:
    """A folder is seen at a glance; the root is an entrance and no store-room."""
    counts: dict[Path, int] = {}
    for path in tree.modules.values():
        counts[path.parent] = counts.get(path.parent, 0) + (path.name != "__init__.py")
    at_root = counts.pop(tree.root, 0) + 1
    breaches = [
        f"{folder.relative_to(tree.root).as_posix()}/ has {count} modules"
        for folder, count in sorted(counts.items())
        if count > MOST_MODULES_IN_A_FOLDER
    ]
    if at_root > MOST_FILES_AT_THE_ROOT:
        breaches.append(f"{tree.root.name}/ has {at_root} files")
    return breaches


def every_door_has_its_sign(tree: Tree, plan: Plan) -> list[str]:
    """A room's `__init__.py` is one line: its job, and "Pure." or "Doing."; a door may say more."""
    breaches = []
    for name, room in plan.all_rooms.items():
        path = tree.modules.get(name)
        if path is None and any(is_within(module, [name]) for module in tree.modules):
            breaches.append(f"{name}/ has no __init__.py")
        if path is None or path.name != "__init__.py":
            continue  # a room of one file says it in its docstring, or the room is not built
        kind = "Pure." if room.is_pure else "Doing."
        sign, _, rest = (ast.get_docstring(tree.trees[name]) or "").partition("\n")
        is_door = is_within(name, plan.doors)
        if not sign.endswith(f" {kind}"):
            breaches.append(f'{name}/__init__.py does not say "{kind}" at the end of its line')
        if not is_door and (rest or len(tree.trees[name].body) > 1):
            breaches.append(f"{name}/__init__.py holds more than its one line")
    return breaches


def every_module_is_tested_somewhere(tree: Tree, plan: Plan, tests: Path) -> list[str]:
    """By tests/<room>/test_<module>.py, or by the file that `TESTED_ELSEWHERE` names.

    A row is for one module, unless the room that it names stands in `TESTED_AS_ONE`.
    """
    breaches, needed = [], set()
    for module, path in tree.modules.items():
        inner = path.relative_to(tree.root)
        own = tests / inner.parent / f"test_{inner.name}"
        if path.name == "__init__.py" or own.is_file():
            continue
        name = module
        while name and name not in plan.tested_elsewhere:
            name = name.rpartition(".")[0]
        needed.add(name)
        if not name:
            breaches.append(
                f"{module} has no {own.relative_to(tests.parent).as_posix()} and is not in"
                " TESTED_ELSEWHERE"
            )
    for name, file in plan.tested_elsewhere.items():
        if not (tests / file).is_file():
            breaches.append(f"TESTED_ELSEWHERE: {name} is tested in {file}, which is not there")
        if name not in needed:
            breaches.append(f"TESTED_ELSEWHERE: {name} needs no line")
        path = tree.modules.get(name)
        if (path is None or path.name == "__init__.py") and name not in plan.tested_as_one:
            breaches.append(f"TESTED_ELSEWHERE: {name} is no module, and not in TESTED_AS_ONE")
    breaches += [
        f"TESTED_AS_ONE: {name} is not in TESTED_ELSEWHERE"
        for name in plan.tested_as_one
        if name not in plan.tested_elsewhere
    ]
    return breaches


RULES = (
    every_module_lies_in_a_room,
    imports_are_absolute,
    imports_follow_the_rows,
    rows_name_only_what_is_used,
    nothing_goes_in_a_circle,
    pure_modules_reach_nothing,
    files_and_classes_are_small,
    folders_are_small,
    every_door_has_its_sign,
)
"""All but the one that asks about tests too."""
