"""Languages as data: the reader, French as a folder, and a language that exists only here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from voice_avatar import languages
from voice_avatar.acting.gesture.rules import rule_set
from voice_avatar.acting.gesture.word_feelings import word_feelings
from voice_avatar.languages import codes, document, language, primary_subtag
from voice_avatar.personas.persona import Persona, system_prompt
from voice_avatar.stages.stt import is_credit
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.text.chunking import Chunker, ChunkingOptions
from voice_avatar.text.speakable import speakable
from voice_avatar.turns.cues import (
    has_claim,
    has_open_ending,
    is_backchannel,
    is_opener,
    may_go_on,
    words_of,
)
from voice_avatar.turns.interruption import claims_turn

FILES = ("language", "cues", "writing", "gestures", "feelings")


# -- the reader


@pytest.mark.parametrize(
    ("tag", "expected"), [("en", "en"), ("zh-Hans-CN", "zh"), ("EN_us", "en"), ("yue", "yue")]
)
def test_the_primary_subtag_names_the_language(tag: str, expected: str) -> None:
    assert primary_subtag(tag) == expected


def test_every_folder_is_a_language() -> None:
    assert codes() == ("en", "fr", "zh")


@pytest.mark.parametrize("code", codes())
def test_a_language_that_ships_is_whole(code: str) -> None:
    known = language(code)
    assert known.code == code
    assert known.name
    assert all(document(code, f"{name}.toml") for name in FILES)
    assert known.numbers is not None or not known.has_spaces
    cues = known.cues
    for words in (cues.continuers, cues.claims, cues.openers, cues.open_endings):
        assert len(words) > 10
        assert all(word == word.casefold().strip() for word in words)
    assert "{tags}" in known.markup.rule
    assert "{}" in known.markup.faces
    assert "{}" in known.markup.gestures


def test_a_region_or_a_script_is_of_the_language() -> None:
    assert language("zh-Hans-CN") == language("zh")
    assert rule_set("fr-CA").rules == rule_set("fr").rules


def test_of_a_code_without_a_folder_is_known_what_english_knows() -> None:
    unknown, english = language("it"), language("en")
    assert (unknown.code, unknown.name) == ("it", "")
    assert unknown.apology == english.apology
    assert unknown.markup == english.markup
    assert unknown.writing == english.writing
    assert unknown.cues.continuers == english.cues.continuers
    assert unknown.cues.open_endings == ()
    assert unknown.numbers is None
    assert unknown.has_spaces
    assert not rule_set("it").rules
    assert word_feelings(["good"], "it") == ()


@pytest.mark.parametrize("code", ["..", "../languages/en", "", "en/../fr", "."])
def test_no_code_names_a_path(code: str) -> None:
    assert document(code, "language.toml") is None
    assert language(code).name == ""


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("language.toml", 'apologee = "Oops."', "tiny/language.toml has an unknown key 'apologee'"),
        ("language.toml", 'pauses = ",."', "pauses are 5 marks, not ',.'"),
        ("cues.toml", "openerz = []", "tiny/cues.toml has an unknown key 'openerz'"),
        ("numbers.toml", 'below_100 = ["zip"]', "tiny/numbers.toml has 1 numbers below 100"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, file: str, text: str, message: str) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "language.toml").write_text("")
    (folder / file).write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        language("tiny", tmp_path)


def test_nothing_is_read_at_import() -> None:
    code = (
        "import voice_avatar.conversation.session, voice_avatar.personas.persona\n"
        "import voice_avatar.stages.stt\n"
        "import voice_avatar.acting.gesture.planner, voice_avatar.text.chunking\n"
        "from voice_avatar import languages\n"
        "assert languages._file.cache_info().currsize == 0\n"
        "assert languages.language.cache_info().currsize == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> None:
        for code in ("en", "zh", "fr", "it"):
            may_go_on("okay, good", code)
            has_open_ending("and", code)
            speakable("3 times", code)
            is_credit("Subtitles by nobody")

    def refuse(*_: object) -> str:
        raise AssertionError

    ask()
    monkeypatch.setattr(languages, "document", refuse)
    ask()


# -- French: a folder, and no line of code


def chunks(text: str, code: str) -> list[str]:
    chunker = Chunker(ChunkingOptions(), code)
    return [chunk.text for chunk in (*chunker.push(text).chunks, *chunker.flush().chunks)]


@pytest.mark.parametrize(
    "text", ["Ouais.", "D'accord, je vois.", "Tout à fait !", "Mmh, oui, oui."]
)
def test_french_listeners_are_understood(text: str) -> None:
    assert is_backchannel(text, "fr")
    assert not is_backchannel(text, "en")


@pytest.mark.parametrize("text", ["Euh.", "Mm-hmm.", "Ah, oh.", "Hein ?", "Haha !"])
def test_french_sounds_that_are_no_words_open_nothing(text: str) -> None:
    assert is_backchannel(text, "fr")
    assert not may_go_on(text, "fr")


@pytest.mark.parametrize("text", ["Alors, bon,", "Je suis allé à la", "Parce que", "Je crois que…"])
def test_french_sentences_that_go_on_are_waited_for(text: str) -> None:
    assert has_open_ending(text, "fr")


@pytest.mark.parametrize("text", ["Bonjour !", "Oui, alors, euh.", "Bon, d'accord."])
def test_french_openers_open(text: str) -> None:
    assert is_opener(text, "fr")


@pytest.mark.parametrize("text", ["Attends !", "Non, arrête.", "Pourquoi ?", "Pardon."])
def test_french_words_take_the_floor_however_badly_they_are_heard(text: str) -> None:
    assert has_claim(words_of(text, "fr"), "fr")
    assert claims_turn(TurnOptions(), text, "fr", -0.99)


@pytest.mark.parametrize(
    "text",
    [
        "Sous-titres réalisés par la communauté d'Amara.org",
        "Sous-titrage ST' 501",
        "Merci d'avoir regardé cette vidéo !",
    ],
)
def test_french_credits_are_invented(text: str) -> None:
    assert is_credit(text)


def test_thanks_in_french_are_no_credits() -> None:
    assert not is_credit("Merci d'avoir attendu.")


def test_french_abbreviations_end_no_sentence() -> None:
    text = "Le Dr. Martin et M. Dupont habitent ici depuis longtemps. Ils sont voisins, amis, etc."
    assert chunks(text, "fr")[-1] == "Ils sont voisins, amis, etc."
    assert not any(chunk.endswith(("M.", "Dr.")) for chunk in chunks(text, "fr"))


def test_a_long_french_clause_is_cut_where_it_may_be() -> None:
    [first, *_] = chunks("Le petit chat noir dort dans la grande maison bleue de la colline", "fr")
    assert first == "Le petit chat noir dort"


def test_a_french_model_is_told_of_tags_in_french() -> None:
    prompt = system_prompt(Persona("Léa", "Tu es Léa.", language="fr", gestures=("wave",)))
    assert prompt.endswith("Gestes : [gesture:wave]. Pas d'autres balises, ni listes, ni émojis.")


def test_french_words_feel_like_something() -> None:
    felt = word_feelings("je suis triste mais contente".split(), "fr")
    assert [each.valence > 0 for each in felt] == [False, True]
    assert word_feelings(["pas", "mal"], "fr") == ()


# -- a language that nobody has ever spoken

TINY = {
    "language.toml": """
name = "Tiny"
pauses = ";;.!?"
mixes = []
apology = "Ploop."
""",
    "cues.toml": """
continuers = ["plip", "plip plop"]
claims = ["halt"]
few = 2
openers = ["hoy"]
open_endings = ["en"]
""",
    "writing.toml": """
[abbreviations]
always = ["zr"]
[clauses]
breaks = ["en"]
joiners = ["en"]
""",
    "numbers.toml": """
below_100 = [{}]
minus = "min"
plus = "plu"
point = "pik"
percent = "per {{}}"
decimal_sign = ","
thousands_signs = "."
is_fraction_spelt = true
scales = [{{ value = 100, one = "honn", many = "{{}} honns" }}]
signs = {{ "&" = "en" }}
""".format(", ".join(f'"n{number}"' for number in range(100))),
    "gestures.toml": """
language = "qt"
function_words = []
[[rules]]
id = "hail"
words = ["hoy"]
gesture = { lexeme = "wave" }
""",
    "feelings.toml": """
language = "qt"
negations = ["ni"]
inert = []
[[feelings]]
valence = 0.5
arousal = 0.5
words = ["gud"]
""",
}

UNSPACED = {
    "language.toml": 'spaces = false\nseparators = "、。"\npauses = "、；。！？"\n',
    "cues.toml": 'continuers = ["はい", "うん"]\nmost_in_a_run = 2\nclaims = ["待"]\nfew = 3\n'
    'openers = ["あの"]\nopen_endings = ["けど"]\n',
}

Write = Callable[[str, dict[str, str]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a language into a folder, where the whole program then finds it."""
    known, text_of = languages.language, languages.document
    monkeypatch.setattr(languages, "language", lambda code, root=tmp_path: known(code, root))
    monkeypatch.setattr(
        languages, "document", lambda code, name, root=tmp_path: text_of(code, name, root)
    )

    def write_language(code: str, files: dict[str, str]) -> None:
        (tmp_path / code).mkdir()
        for name, text in files.items():
            (tmp_path / code / name).write_text(text, encoding="utf-8")

    return write_language


def test_a_language_is_a_folder(write: Write, tmp_path: Path) -> None:
    write("qt", TINY)
    assert codes(tmp_path) == ("qt",)
    assert languages.language("qt-XX").name == "Tiny"
    assert languages.language("qt").apology == "Ploop."
    assert is_backchannel("Plip plop; plip!", "qt")
    assert not is_backchannel("okay", "qt")
    assert has_open_ending("bla en", "qt")
    assert is_opener("hoy", "qt")
    options = TurnOptions()
    assert claims_turn(options, "halt", "qt", -9.0)
    assert not claims_turn(options, "bla bla", "qt", -9.0)
    assert claims_turn(options, "bla bla bla", "qt", -9.0)
    assert speakable("Hoy, 1.203,5% & -7; 12:30 bla", "qt").spoken == (
        "Hoy; per n12 honns n3 pik n5 en min n7; 12:30 bla"
    )
    assert speakable("350", "qt").spoken == "n3 honns n50"
    assert chunks("Un zr. Blu bla. Bli blo.", "qt") == ["Un zr. Blu bla.", "Bli blo."]
    assert chunks("bla ble bli en blo blu bly", "qt")[0] == "bla ble bli"
    assert [rule.id for rule in rule_set("qt").rules] == ["hail"]
    assert [each.valence for each in word_feelings(["gud", "ni", "gud"], "qt")] == [0.5, -0.25]
    assert "one tag" in system_prompt(Persona("T", "p", language="qt", gestures=("wave",)))


def test_a_script_without_spaces_is_a_property(write: Write) -> None:
    write("qj", UNSPACED)
    assert words_of("はい、そう。", "qj") == ["はい", "そう"]
    assert is_backchannel("はいはい、うん。", "qj")
    assert not is_backchannel("はいはいはい", "qj")
    assert has_open_ending("そうけど。", "qj")
    assert not has_open_ending("けどそう。", "qj")
    assert is_opener("あの。", "qj")
    assert has_claim(["ちょっと待って"], "qj")
    assert not claims_turn(TurnOptions(), "あめだ", "qj", -9.0)
    assert claims_turn(TurnOptions(), "あめだよ", "qj", -9.0)
    assert speakable("はい, そう.", "qj").spoken == "はい、そう。"
