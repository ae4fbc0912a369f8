"""The law of the house, on a small house: each rule holds, and each can be broken."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from kit import house_law
from kit.house_law import Tree
from kit.house_plan import Plan, Room

PLAN = Plan(
    rooms=(
        Room("ground", "ground", True, "What all need."),
        Room("deciding", "utterance", True, "Decides.", otherwise="reading"),
        Room(
            "acting",
            "utterance",
            True,
            "Acts.",
            rooms=(
                Room("chance", "utterance", True, "Draws."),
                Room("face", "utterance", True, "Looks.", "chance"),
            ),
        ),
        Room("port", "doing", False, "Listens.", "deciding acting.face", otherwise="rules"),
        Room("bench", "programs", False, "Measures.", None),
        Room("cli", "programs", False, "Is typed.", None),
    ),
    ground=(Room("ground", "ground", True, "What all need."),),
    root={"__init__": "", "__main__": "cli"},
    opened_by_name={"cli": "bench"},
    exceptions={"deciding.setup": ("acting.face", "names its options")},
    doors={"cli"},
    data_readers={"deciding.data"},
    tested_elsewhere={"acting": "test_acting.py", "__main__": "test_acting.py"},
    tested_as_one={"acting": "it acts as one"},
)

FILES = {
    "__init__.py": '"""A house."""',
    "__main__.py": "from house.cli import main",
    "ground.py": "",
    "deciding/__init__.py": '"""Decides. Pure."""',
    "deciding/choice.py": "import math\nfrom house.ground import x",
    "deciding/data.py": "from importlib import resources\nresources.files('house').read_text()",
    "deciding/reading.py": "open('file')",
    "deciding/setup.py": "from house.acting.face import Options",
    "acting/__init__.py": '"""Acts. Pure."""',
    "acting/chance.py": "numpy.random.default_rng(7)",
    "acting/face.py": "from house.acting.chance import drawn",
    "port/__init__.py": '"""Listens. Doing."""',
    "port/socket.py": "import asyncio\nfrom house.deciding import choice\nimport house.acting.face",
    "port/rules.py": "",
    "bench/__init__.py": '"""Measures. Doing."""',
    "bench/speed.py": "import time\nfrom house.port import socket",
    "cli/__init__.py": '"""Is typed. Doing.\n\nAnd much else."""\nX = 1',
    "cli/main.py": "from house.bench import speed\nprint()\nif __name__ == '__main__': input()",
}
"""A house that keeps the law."""


class House:
    """A house in a folder, to which files are added or changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "house"
        self.tests = folder / "tests"
        for name, text in FILES.items():
            self.write(name, text)
            if not name.endswith("__init__.py"):
                self.write_test(str(Path(name).with_name(f"test_{Path(name).name}")))
        for name in ("acting/test_chance.py", "acting/test_face.py", "test___main__.py"):
            (self.tests / name).unlink()
        self.write_test("test_acting.py")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def write_test(self, name: str) -> None:
        (self.tests / name).parent.mkdir(parents=True, exist_ok=True)
        (self.tests / name).touch()

    def breaches(self, plan: Plan = PLAN) -> list[str]:
        """Returns what every rule says."""
        tree = Tree(self.folder)
        found = [breach for rule in house_law.RULES for breach in rule(tree, plan)]
        return found + house_law.every_module_is_tested_somewhere(tree, plan, self.tests)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_house_that_keeps_the_law_breaks_no_rule(house: House) -> None:
    assert house.breaches() == []


BREACHES = {
    "a module without a room": ("stray.py", "", "stray lies in no room"),
    "a relative import": ("port/socket.py", "from . import rules", "relative import in line 1"),
    "a room outside of the row": (
        "deciding/choice.py",
        "from house.ground import x\nimport house.acting.face",
        "deciding.choice imports acting.face, which is not in the row",
    ),
    "a part of a room that the row does not name": (
        "port/more.py",
        "from house.acting import chance",
        "port.more imports acting.chance, which is not in the row",
    ),
    "an import hidden in a function": (
        "acting/chance.py",
        "def f():\n    from house.deciding.choice import x",
        "acting.chance imports deciding.choice, which is not in the row",
    ),
    "a room within a room, against its row": (
        "acting/chance.py",
        "from house.acting.face import x",
        "acting.chance imports acting.face, which is not in the row",
    ),
    "the ground on a room": (
        "ground.py",
        "from house.acting.face import x",
        "ground imports acting.face, which is not in the row",
    ),
    "a program in a program": (
        "bench/speed.py",
        "from house.cli import main",
        "bench.speed imports cli.main, which is not in the row",
    ),
    "a room below that imports a program": (
        "port/rules.py",
        "from house.cli import main",
        "port.rules imports cli.main, which is not in the row",
    ),
    "a row that names what nobody needs": (
        "port/socket.py",
        "from house.deciding import choice",
        "port never imports acting.face",
    ),
    "an exception that nobody needs": (
        "deciding/setup.py",
        "",
        "deciding.setup never imports acting.face",
    ),
    "a program that need not be opened": ("cli/main.py", "", "cli never imports bench"),
    "rooms in a circle": (
        "acting/chance.py",
        "from house.deciding import choice",
        "rooms in a circle:",
    ),
    "modules in a circle": (
        "port/rules.py",
        "from house.port.socket import x\nfrom house.port import other",
        None,
    ),
    "a clock in a pure room": (
        "deciding/choice.py",
        "import time\nfrom house.ground import x",
        "deciding.choice is pure and imports time",
    ),
    "a file of the package in a pure module": (
        "acting/chance.py",
        "from importlib import resources",
        "acting.chance is pure and imports importlib.resources",
    ),
    "a call that reaches out": (
        "acting/chance.py",
        "import pathlib\npathlib.Path('x').read_bytes()",
        "acting.chance is pure and calls read_bytes in line 2",
    ),
    "printing": ("acting/chance.py", "print(1)", "is pure and calls print in line 1"),
    "chance without a seed": (
        "acting/chance.py",
        "numpy.random.default_rng()",
        "acting.chance is pure and calls random.default_rng in line 1",
    ),
    "a pure module that imports a doing one": (
        "deciding/choice.py",
        "from house.deciding import reading",
        "deciding.choice is pure and imports deciding.reading, which is not",
    ),
    "a pure module of a doing room": (
        "port/rules.py",
        "import socket",
        "port.rules is pure and imports socket",
    ),
    "a module that says it is pure": (
        "bench/speed.py",
        '"""Counts. Pure.\n\nAnd so on."""\nimport time',
        "bench.speed is pure and imports time",
    ),
    "a long file": ("port/rules.py", "x = 1\n" * 451, "port.rules has 451 lines, more than 450"),
    "a class with many methods": (
        "port/rules.py",
        "class A:\n" + "".join(f"    @property\n    def f{n}(self): ...\n" for n in range(26)),
        "port.rules.A has 26 methods",
    ),
    "a class with many fields": (
        "port/rules.py",
        "class A:\n    a: int = 0\n    N: ClassVar[int] = 3\n    def __init__(self):\n"
        + "".join(f"        self.f{n} = self.g{n}.x = 0\n" for n in range(25)),
        "port.rules.A has 26 fields",
    ),
    "a line of code in a room's door": (
        "port/__init__.py",
        '"""Listens. Doing."""\nX = 1',
        "port/__init__.py holds more than its one line",
    ),
    "a second line in a room's door": (
        "port/__init__.py",
        '"""Listens. Doing.\n\nFurther."""',
        "port/__init__.py holds more than its one line",
    ),
    "a sign with the wrong kind": (
        "port/__init__.py",
        '"""Listens. Pure."""',
        'port/__init__.py does not say "Doing."',
    ),
    "a door without a sign": ("cli/__init__.py", "X = 1", 'cli/__init__.py does not say "Doing."'),
    "a module without a test": (
        "port/more.py",
        "",
        "port.more has no tests/port/test_more.py and is not in TESTED_ELSEWHERE",
    ),
}
"""What is done to one file -> what the law says of it (None: looked at in a test of its own)."""


@pytest.mark.parametrize("what", [what for what, (*_, said) in BREACHES.items() if said])
def test_a_house_that_breaks_a_rule_is_told_so(house: House, what: str) -> None:
    name, text, said = BREACHES[what]
    assert said is not None
    house.write(name, text)
    assert any(said in breach for breach in house.breaches()), house.breaches()


def test_modules_of_one_room_may_not_import_one_another_in_a_circle(house: House) -> None:
    house.write("port/rules.py", "from house.port import other")
    house.write("port/other.py", "import house.port.rules")
    assert any(breach.startswith("modules in a circle: ") for breach in house.breaches())


def test_a_planned_room_has_to_be_built(house: House) -> None:
    plan = Plan((*PLAN.rooms, Room("cellar", "doing", False, "Keeps wine.")))
    assert "cellar is planned and not built" in house.breaches(plan)


def test_a_room_has_a_door(house: House) -> None:
    (house.folder / "port" / "__init__.py").unlink()
    assert "port/ has no __init__.py" in house.breaches()


def test_folders_and_the_root_are_small(house: House) -> None:
    for number in range(20):
        house.write(f"port/m{number}.py", "")
        house.write(f"m{number}.py", "")
    said = house.breaches()
    assert "port/ has 22 modules" in said
    assert "house/ has 23 files" in said


def test_where_else_a_module_is_tested_has_to_be_there_and_to_be_needed(house: House) -> None:
    for name in ("acting/test_chance.py", "acting/test_face.py"):
        house.write_test(name)
    assert house.breaches() == ["TESTED_ELSEWHERE: acting needs no line"]
    (house.tests / "test_acting.py").unlink()
    assert "TESTED_ELSEWHERE: __main__ is tested in test_acting.py, which is not there" in (
        house.breaches()
    )


def test_a_row_excuses_one_module_unless_the_room_is_said_to_be_tested_as_one(
    house: House,
) -> None:
    assert house.breaches(replace(PLAN, tested_as_one={})) == [
        "TESTED_ELSEWHERE: acting is no module, and not in TESTED_AS_ONE"
    ]
    whole = replace(PLAN, tested_as_one={**PLAN.tested_as_one, "port": "?"})
    assert house.breaches(whole) == ["TESTED_AS_ONE: port is not in TESTED_ELSEWHERE"]
