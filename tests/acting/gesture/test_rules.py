"""The rule files on sentences as people say them: every row of the table of cues, all languages.

The rows are those of the reference (after NVBG and BEAT); sentences are whole, so that a rule is
also tried where other words stand around it.
"""

from __future__ import annotations

import re

import pytest
from kit.acting_examples import chunk

from voice_avatar.acting.gesture.rules import parse, read_chunk, rule_set
from voice_avatar.events.payloads import ChunkWord, SpeakableChunk
from voice_avatar.languages import codes
from voice_avatar.vocabulary import vocabulary


def ids(text: str, language: str) -> list[str]:
    matches = rule_set(language).match(read_chunk(chunk(text, language=language), language))
    return [rule.id for _, _, rule in matches]


@pytest.mark.parametrize(
    ("row", "en", "zh"),
    [
        ("affirmation", "Yes, I would love to show you.", "是的，我很愿意带你去。"),
        ("agreement", "That's right, let us go on.", "对，我们接着走。"),
        ("negation", "I have never seen that before.", "我从来没见过这样的东西。"),
        ("refusal", "Hold on, the door is open.", "等一下，门还开着。"),
        ("intensification", "That was a really good question.", "这个问题问得非常好。"),
        ("inclusion", "We looked at everything in the hall.", "展厅里的所有东西我们都看了。"),
        ("obligation", "You have to take the second bus.", "你必须坐第二班车。"),
        ("contrast", "It is old, but it still works.", "它很旧，但是还能用。"),
        ("contrast_opening", "On the one hand it is cheap.", "一方面它很便宜。"),
        ("opinion", "I think the bridge came later.", "我觉得这座桥是后来建的。"),
        ("doubt", "Maybe it will rain tomorrow.", "明天也许会下雨。"),
        ("ignorance", "I don't know when it closes.", "我不知道几点关门。"),
        ("appeal", "The river, you know, was wider once.", "你知道，这条河以前更宽阔。"),
        ("question", "Would you like to see it?", "你想去看看吗？"),
        ("hesitation", "Um, that is hard to say.", "呃，这很难说。"),
        ("hesitation", "Let me think, it was in spring.", "让我想想，那是春天的事。"),
        ("list_item", "We have apples, pears, and plums.", "我们有苹果、梨和香蕉。"),
        ("count_one", "First, open the window.", "首先，把窗户打开。"),
        ("count_two", "Second, turn off the light.", "第二，把灯关掉。"),
        ("quantity_two", "There are two ways to get there.", "去那里有两种走法。"),
        ("count_three", "Third, lock the door.", "第三，把门锁好。"),
        ("quantity_three", "There are three reasons for that.", "这有三个原因。"),
        ("count_four", "Fourth, close the door.", "第四，把门关上。"),
        ("count_five", "Fifth, wait for me.", "第五，等我一下。"),
        ("conclusion", "In the end, we all agreed.", "总之，大家都同意了。"),
        ("self", "That was my idea.", "那是我的主意。"),
        ("user", "The choice is yours.", "这是您的选择。"),
        ("here", "The bakery is right here.", "面包店就在这里。"),
        ("there", "The tower is over there.", "塔在那边。"),
        ("big", "It was a huge wooden ship.", "那是一艘巨大的木船。"),
        ("small", "A tiny bird sat on the roof.", "屋顶上有一只很小的鸟。"),
        ("high", "The prices keep rising.", "价格还在上升。"),
        ("low", "The water is very low, below the stones.", "水位下降了。"),
        ("round", "The path goes in a circle.", "这是一张圆桌子。"),
        ("greeting", "Hello, nice of you to come.", "你好，欢迎你来。"),
        ("farewell", "Goodbye, and take care.", "再见，路上小心。"),
        ("thanks", "Thank you for your visit.", "谢谢你的来访。"),
        ("apology", "I'm sorry, we are closed today.", "对不起，今天不开门。"),
        ("praise", "Well done, that was quick.", "太棒了，你真快。"),
    ],
)
def test_every_row_of_the_table_is_covered(row: str, en: str, zh: str) -> None:
    assert row in ids(en, "en")
    assert row in ids(zh, "zh")


FRENCH = {
    "affirmation": "Oui, je vous le montre volontiers.",
    "agreement": "C'est vrai, allons-y.",
    "negation": "Je n'ai jamais vu cela.",
    "refusal": "Attendez, la porte est ouverte.",
    "intensification": "C'était une très bonne question.",
    "inclusion": "Nous avons vu toutes les salles.",
    "obligation": "Vous devez prendre le bus.",
    "contrast": "Il est vieux, mais il marche.",
    "contrast_opening": "D'un côté il est bon marché.",
    "opinion": "Je pense que le pont est plus récent.",
    "doubt": "Il pleuvra peut-être demain.",
    "ignorance": "Je ne sais pas quand ça ferme.",
    "appeal": "La rivière, vous savez, était large.",
    "question": "Voulez-vous la voir ?",
    "hesitation": "Euh, c'est compliqué.",
    "list_item": "Nous avons des pommes, des poires et des prunes.",
    "count_one": "D'abord, ouvrez la fenêtre.",
    "count_two": "Deuxièmement, éteignez la lumière.",
    "count_three": "Troisièmement, fermez la porte.",
    "count_four": "Quatrièmement, fermez la porte.",
    "count_five": "Cinquièmement, venez me voir.",
    "quantity_two": "Il y a deux façons d'y aller.",
    "quantity_three": "Il y a trois raisons à cela.",
    "conclusion": "Finalement, nous étions d'accord.",
    "self": "C'était mon idée.",
    "user": "C'est votre choix.",
    "here": "La boulangerie est ici.",
    "there": "La tour est là-bas.",
    "big": "C'était un énorme bateau.",
    "small": "Un petit oiseau chantait.",
    "high": "Les prix augmentent encore.",
    "low": "La rivière est très basse.",
    "round": "Le chemin fait un cercle.",
    "greeting": "Bonjour, entrez donc.",
    "farewell": "Au revoir, et à bientôt.",
    "thanks": "Merci de votre visite.",
    "apology": "Je suis désolé, nous sommes fermés.",
    "praise": "Bravo, vous avez réussi.",
}


@pytest.mark.parametrize("row", FRENCH)
def test_every_row_is_covered_in_a_language_that_is_only_data(row: str) -> None:
    assert row in ids(FRENCH[row], "fr")


@pytest.mark.parametrize("language", codes())
def test_every_rule_is_tried_above(language: str) -> None:
    marks = test_every_row_of_the_table_is_covered.pytestmark  # type: ignore[attr-defined]
    tried = {row for row, _, _ in marks[0].args[1]}
    assert tried == FRENCH.keys()
    assert {rule.id for rule in rule_set(language).rules} == tried


@pytest.mark.parametrize(
    ("text", "language", "row"),
    [
        ("We went home after all.", "en", "inclusion"),
        ("He is not at all late.", "en", "inclusion"),
        ("She went to high school here.", "en", "high"),
        ("It is no doubt the oldest one.", "en", "negation"),
        ("Your car is fast.", "en", "farewell"),
        ("你能不能告诉我？", "zh", "negation"),
        ("会不会下雨？", "zh", "negation"),
        ("别人都走了。", "zh", "negation"),
        ("这两个有什么区别？", "zh", "negation"),
        ("他特别喜欢这里。", "zh", "negation"),
        ("没关系，我们等你。", "zh", "negation"),
        ("这是我第一次来。", "zh", "count_one"),
        ("我们在公园里走走。", "zh", "round"),
        ("那只不过是开始。", "zh", "contrast"),
        ("再次感谢你的帮助。", "zh", "count_three"),
    ],
)
def test_words_that_only_look_like_a_cue_do_nothing(text: str, language: str, row: str) -> None:
    assert row not in ids(text, language)


@pytest.mark.parametrize(
    ("text", "language", "items"),
    [
        ("We have apples, ripe pears, and plums.", "en", ["apples", "ripe", "plums"]),
        ("Bring bread and butter.", "en", []),
        ("He came late, and she left.", "en", ["late", "she"]),
        ("我们有苹果、梨和香蕉。", "zh", ["果", "梨", "香"]),
    ],
)
def test_an_enumeration_has_a_word_for_each_item(
    text: str, language: str, items: list[str]
) -> None:
    read = read_chunk(chunk(text, language=language), language)
    assert [read.words[index] for index in read.items] == items


def test_alone_means_a_clause_of_its_own() -> None:
    assert "agreement" in ids("对，就是这样。", "zh")
    assert "agreement" not in ids("对于这件事我没有意见。", "zh")


@pytest.mark.parametrize("language", codes())
def test_every_rule_asks_for_names_of_the_vocabulary(language: str) -> None:
    rules = rule_set(language)
    words = vocabulary()
    assert rules.language == language
    assert len({rule.id for rule in rules.rules}) == len(rules.rules)
    places = [(phrase, rule.at) for rule in rules.rules for phrase in rule.phrases]
    assert len(set(places)) == len(places)
    assert not set(rules.inert) & {phrase for phrase, _ in places}
    for rule in rules.rules:
        assert bool(rule.phrases) != (rule.at in {"question", "list"})
        assert rule.gesture or rule.head or rule.face or rule.gaze
        assert rule.gesture is None or rule.gesture.name in words.gestures
        assert rule.head is None or rule.head.name in words.heads
        assert rule.face is None or rule.face.name in words.expressions
        assert rule.gaze is None or rule.gaze.name in words.gaze


def test_all_languages_have_the_same_rules() -> None:
    ids = [sorted(rule.id for rule in rule_set(language).rules) for language in codes()]
    assert all(each == ids[0] for each in ids)


RULES = """
language = "en"
function_words = ["the"]
[[rules]]
id = "start"
words = ["so", "so long"]
at = "sentence"
head = { lexeme = "nod" }
[[rules]]
id = "long"
words = ["long way home", "long"]
head = { lexeme = "tilt", amount = 0.2 }
"""


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("So be it, so long", [(0, "start"), (4, "long")]),
        ("So long way home", [(0, "start")]),
        ("A long way home", [(1, "long")]),
        ("A long way", [(1, "long")]),
        ("", []),
    ],
)
def test_the_longest_phrase_at_a_word_wins(text: str, hits: list[tuple[int, str]]) -> None:
    matches = parse(RULES).match(read_chunk(chunk(text), "en"))
    assert [(word, rule.id) for word, _, rule in matches] == hits


def test_clauses_and_questions_are_read_from_punctuation() -> None:
    text = read_chunk(chunk('"Oh, well," he said. Really? Yes — no'), "en")
    assert text.words == ("oh", "well", "he", "said", "really", "yes", "no")
    assert text.clauses == (0, 1, 2, 2, 3, 4, 5)
    assert text.questions == (4,)


def test_words_without_a_place_in_the_text_are_harmless() -> None:
    text = SpeakableChunk(0, "a", "a", (ChunkWord(0, 1, 0, 1),))
    assert re.fullmatch("a", read_chunk(text, "en").words[0])
