"""Formulas in LaTeX, said as people say them; what is not understood is named, never misread. Pure.

The words are the language's (`maths.toml`); the commands of LaTeX are here, most of them as the
sign that they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voice_avatar.languages import Maths
from voice_avatar.text.characters import is_han

_SIGNS = {
    "pm": "±", "mp": "∓", "times": "×", "cdot": "·", "ast": "×", "div": "÷", "le": "≤", "leq": "≤",
    "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠", "approx": "≈",
    "sim": "≈", "equiv": "≡", "propto": "∝", "in": "∈", "notin": "∉", "subset": "⊂",
    "subseteq": "⊂", "cup": "∪", "cap": "∩", "infty": "∞", "partial": "∂", "nabla": "∇",
    "to": "→", "rightarrow": "→", "longrightarrow": "→", "mapsto": "→", "Rightarrow": "⇒",
    "implies": "⇒", "iff": "⇔", "Leftrightarrow": "⇔", "forall": "∀", "exists": "∃",
    "emptyset": "∅", "varnothing": "∅", "land": "∧", "wedge": "∧", "lor": "∨", "vee": "∨",
    "neg": "¬", "lnot": "¬", "circ": "°", "degree": "°", "%": "%", "lt": "<", "gt": ">",
    "ldots": "…", "dots": "…", "cdots": "…", "parallel": "∥", "perp": "⊥", "angle": "∠",
    "prime": "′", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε",
    "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "γ",
    "Delta": "δ", "Theta": "θ", "Lambda": "λ", "Sigma": "σ", "Pi": "π", "Phi": "φ", "Psi": "ψ",
    "Omega": "ω", "$": "$",
}  # fmt: skip
_SILENT = frozenset(
    "left right big Big bigg Bigg bigl bigr , ; : ! quad qquad displaystyle textstyle limits"
    " nolimits boxed".split()
) | {" "}
_TEXT = (
    r"\\(?:text(?:bf|it|rm|tt)?|emph|mbox|math(?:rm|bf|it|sf|bb|cal)|operatorname)"
    r"\s?\{([^{}\\$]*)\}"
)
_FRACTIONS = frozenset("frac dfrac tfrac cfrac".split())
COMMANDS = frozenset(name for name in _SIGNS if name.isalpha() and len(name) > 1) | {"sqrt"}
"""Commands that stand for something by themselves."""

_GREAT = {"sum": "sum", "prod": "product", "int": "integral"}
_TOKEN = re.compile(rf"{_TEXT.replace('([^', '(?:[^')}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\.\d+|\S|\s+")
_MOST_DEPTH = 12
_MOST_TOKENS = 150


class _UnreadableError(Exception):
    """The formula is not one of those that are understood."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A part of a formula.

    Attributes:
        words: what is said for it.
        is_long: whether it is of several parts.
    """

    words: str
    is_long: bool = False


def formula(source: str, maths: Maths, number: Callable[[str], str]) -> str:
    """Returns a formula in words.

    Args:
        source: what stands between its delimiters.
        maths: words of the language.
        number: says a written number.
    """
    tokens = [token for token in _TOKEN.findall(source) if not token.isspace()]
    if not tokens:
        return ""
    if len(tokens) > _MOST_TOKENS:
        return maths.forms["formula"]
    try:
        words = _Reading(tokens, maths, number).all()
    except _UnreadableError:
        return maths.forms["formula"]
    return _joined(words) or maths.forms["formula"]


def _joined(words: str) -> str:
    words = re.sub(r"\s+(?=,)", "", " ".join(words.split()))
    return re.sub(
        r" (?=(.))",
        lambda match: "" if is_han(match[1]) or is_han(match.string[match.start() - 1]) else " ",
        words,
    )


class _Reading:
    """Reads the tokens of one formula from left to right."""

    def __init__(self, tokens: list[str], maths: Maths, number: Callable[[str], str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._signs: Mapping[str, str] = maths.signs
        self._forms: Mapping[str, str] = maths.forms
        self._number = number

    def all(self) -> str:
        said = self._until(None)
        if self._at < len(self._tokens):
            raise _UnreadableError
        return said.words

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise _UnreadableError
        self._at += 1
        return token

    def _until(self, closer: str | None) -> _Said:
        """Reads up to a closing token, which is taken."""
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise _UnreadableError
        parts: list[_Said] = []
        while self._peek() and self._peek() != closer:
            if (part := self._item(is_first=not parts)) is not None:
                parts.append(part)
        if closer is not None and self._take() != closer:
            raise _UnreadableError
        self._depth -= 1
        is_long = len(parts) > 1 or any(part.is_long for part in parts)
        return _Said(" ".join(part.words for part in parts), is_long)

    def _item(self, *, is_first: bool = False) -> _Said | None:
        """Reads what is one thing, with what is written above and below it."""
        token = self._take()
        if token[0] == "\\":
            name = token[1:]
            if name in _SILENT:
                if name in ("left", "right") and self._peek() == ".":
                    self._take()
                return None
            if name in _GREAT:
                return self._great(_GREAT[name])
            if name == "lim":
                return self._limit()
        said = self._base(token, is_first=is_first)
        return self._scripts(said, token)

    def _base(self, token: str, *, is_first: bool) -> _Said:
        if token == "{":
            return self._until("}")
        if token[0].isdigit() or (token[0] == "." and len(token) > 1):
            return _Said(self._number(token))
        if token.isalpha():
            return self._letter(token)
        if match := re.fullmatch(_TEXT, token):
            if re.search(r"[^\w\s.,'’-]", match[1]):
                raise _UnreadableError
            words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", match[1])
            said = (self._number(word) if word.isdecimal() else word for word in words)
            return _Said(" ".join(said))
        if token[0] == "\\":
            return self._command(token[1:])
        if token == "(":
            return self._bracket(is_argument=False)
        if token == "|":
            inside = self._until("|")
            return _Said(self._forms["absolute"].format(inside.words), is_long=True)
        if token == "-" and is_first:
            return _Said(self._forms["negative"])
        return self._sign(token)

    def _sign(self, token: str) -> _Said:
        if token == ",":
            return _Said(",")
        if token not in self._signs:
            raise _UnreadableError
        return _Said(self._signs[token])

    def _letter(self, token: str) -> _Said:
        said = self._signs.get(token, token)
        is_function = token in "fghFGHP" and self._peek() == "("
        if is_function:
            self._take()
            inside = self._until(")")
            return _Said(self._forms["of"].format(said, inside.words), is_long=True)
        return _Said(said)

    def _bracket(self, *, is_argument: bool) -> _Said:
        inside = self._until(")")
        if not inside.is_long or is_argument:
            return inside
        return _Said(f"{self._forms['open']} {inside.words} {self._forms['close']}", is_long=True)

    def _command(self, name: str) -> _Said:
        if name in _FRACTIONS:
            top, bottom = self._argument(), self._argument()
            form = "long_fraction" if top.is_long else "fraction"
            return _Said(self._forms[form].format(top.words, bottom.words), is_long=True)
        if name == "sqrt":
            return self._root()
        if name in self._forms["functions"].split():
            return _Said(self._forms.get(name, name))
        if name not in _SIGNS:
            raise _UnreadableError
        return self._sign(_SIGNS[name])

    def _argument(self) -> _Said:
        token = self._take()
        if token == "{":
            return self._until("}")
        if token.isdigit() and len(token) > 1:  # \frac12 is a half
            self._tokens.insert(self._at, token[1:])
            token = token[0]
        return self._base(token, is_first=True)

    def _root(self) -> _Said:
        order = None
        if self._peek() == "[":
            self._take()
            order = self._until("]").words
        inside = self._argument().words
        if order is None:
            return _Said(self._forms["root"].format(inside), is_long=True)
        return _Said(self._forms["root_of_order"].format(order, inside), is_long=True)

    def _scripts(self, said: _Said, token: str) -> _Said:
        below = above = None
        while self._peek() in ("_", "^", "'"):
            mark = self._take()
            if mark == "'":
                said = _Said(f"{said.words} {self._signs['′']}", said.is_long)
            elif mark == "_":
                below = self._argument()
            else:
                above = self._argument()
        if below is not None:
            said = _Said(self._forms["index"].format(said.words, below.words), said.is_long)
        if above is None:
            return said
        form = {
            self._number("2"): "squared",
            self._number("3"): "cubed",
            self._signs["°"]: "degrees",
            self._signs["′"]: "prime",
        }.get(above.words, "power")
        return _Said(self._forms[form].format(said.words, above.words), said.is_long)

    def _bounds(self) -> tuple[str, str]:
        below = above = ""
        while self._peek() in ("_", "^"):
            if self._take() == "_":
                below = self._argument().words
            else:
                above = self._argument().words
        return below, above

    def _great(self, name: str) -> _Said:
        below, above = self._bounds()
        if below and above:
            return _Said(self._forms[f"{name}_from_to"].format(below, above), is_long=True)
        if below:
            return _Said(self._forms[f"{name}_over"].format(below), is_long=True)
        return _Said(self._forms[name], is_long=True)

    def _limit(self) -> _Said:
        below, _ = self._bounds()
        return _Said(self._forms["limit"].format(below), is_long=True)
