"""From LLM deltas to chunks that can be spoken."""

from __future__ import annotations

import itertools
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice_avatar.events.payloads import Cue, SpeakableChunk
from voice_avatar.text.chunking import Chunked, Chunker, ChunkingOptions

LONG = "the quick brown fox jumps over the lazy dog again " * 12
CALM = ChunkingOptions(first_min_words=4, first_max_words=12, growth=100.0)
"""A long first chunk, then sentences."""


def chunk(
    text: str,
    language: str = "en",
    sizes: list[int] | None = None,
    options: ChunkingOptions = CALM,
) -> Chunked:
    """Feeds `text` in pieces of the given sizes (cycled), or whole."""
    chunker = Chunker(options, language)
    parts = []
    at = 0
    for size in itertools.cycle(sizes or [len(text) or 1]):
        if at >= len(text):
            break
        parts.append(chunker.push(text[at : at + size]))
        at += size
    parts.append(chunker.flush())
    return Chunked(
        "".join(part.text for part in parts), tuple(c for part in parts for c in part.chunks)
    )


def texts(text: str, language: str = "en") -> list[str]:
    return [c.text for c in chunk(text, language).chunks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The first chunk ends at a clause, the others at sentences.
        ("I am well, thank you. And you, my friend?",
         ["I am well, thank you.", "And you, my friend?"]),
        ("Yes of course I can, and I will, today. Then, later, more.",
         ["Yes of course I can,", "and I will, today.", "Then, later, more."]),
        # Sentences of one word wait for company.
        ("Hello! Nice to see you.", ["Hello! Nice to see you."]),
        ("It is here. No! Yes! Maybe.", ["It is here.", "No! Yes!", "Maybe."]),
        # Stops that end nothing.
        ("Dr. Smith met Mrs. Jones. They left.", ["Dr. Smith met Mrs. Jones.", "They left."]),
        ("Use fruit, e.g. apples. Eat it.", ["Use fruit, e.g. apples.", "Eat it."]),
        ("It costs 3.14 in the U.S. Army. All good.",
         ["It costs 3.14 in the U.S. Army.", "All good."]),
        ("J. R. R. Tolkien wrote it. He did.", ["J. R. R. Tolkien wrote it.", "He did."]),
        ("Take No. 5 please. No. I will not.", ["Take No. 5 please.", "No. I will not."]),
        ("Come at 5 p.m. tomorrow. It is nice.", ["Come at 5 p.m. tomorrow.", "It is nice."]),
        ("Come at 5 p.m. Then we go.", ["Come at 5 p.m.", "Then we go."]),
        ("It was Jan. 5 then. We went.", ["It was Jan. 5 then.", "We went."]),
        ("Apples, pears, etc. are fine. Good for you.",
         ["Apples, pears, etc. are fine.", "Good for you."]),
        ("So did I. Then we ate.", ["So did I.", "Then we ate."]),
        ("Go to example.com. Look at https://a.io/b?c=d. Read it.",
         ["Go to example.com.", "Look at https://a.io/b?c=d.", "Read it."]),
        ("Wait... what is this... I see. Good for you.",
         ["Wait... what is this...", "I see.", "Good for you."]),
        ("Well… maybe so. I see.", ["Well… maybe so.", "I see."]),
        ("Version 3.11.2 is out. Get it.", ["Version 3.11.2 is out.", "Get it."]),
        ("It was 2020. We stayed home.", ["It was 2020.", "We stayed home."]),
        ("all lower case. that is fine.", ["all lower case.", "that is fine."]),
        # Quotes and brackets close with their sentence.
        ('He said "I see." Then he left.', ['He said "I see."', "Then he left."]),
        ('"Are you sure?" she asked. He was.', ['"Are you sure?" she asked.', "He was."]),
        ("It works (it really does!) every time. Try it.",
         ["It works (it really does!)", "every time.", "Try it."]),
        ("(This is an aside.) Go on now.", ["(This is an aside.)", "Go on now."]),
        ("What?! Are you mad? I am.", ["What?! Are you mad?", "I am."]),
        # Commas and colons inside numbers and times.
        ("It has 1,000,000 people at 10:30 today. Wow, yes.",
         ["It has 1,000,000 people at 10:30 today.", "Wow, yes."]),
        ("We met on May 5, 2024 in Rome, I think.",
         ["We met on May 5, 2024 in Rome,", "I think."]),
        ("Here is what I know: it rains.", ["Here is what I know:", "it rains."]),
        ("I came home—and I slept. It was good.", ["I came home—and I slept.", "It was good."]),
        ("I came home then — and I slept.", ["I came home then —", "and I slept."]),
        ("We went home then - by car.", ["We went home then -", "by car."]),
        # Lines and lists.
        ("# Fruit\nHere:\n- red apples\n- green pears\n",
         ["Fruit", "Here:", "red apples", "green pears"]),
        ("1. First do this. 2. Then that.", ["1. First do this.", "2. Then that."]),
        ("Do:\n1. Wash it\n2. Eat it", ["Do:", "1. Wash it", "2. Eat it"]),
        ("One line\nanother line", ["One line", "another line"]),
        ("...\nso it goes", ["...\nso it goes"]),
        # Nothing.
        ("", []),
        ("  \n ", []),
        ("...", ["..."]),
    ],
)  # fmt: skip
def test_english_is_cut_where_a_speaker_would_pause(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好！很高兴见到你。", ["你好！很高兴见到你。"]),
        ("今天天气很好，我们去公园吧。好吗？", ["今天天气很好，", "我们去公园吧。", "好吗？"]),
        ("我觉得今天天气很好，我们去公园吧。你想去吗？",
         ["我觉得今天天气很好，", "我们去公园吧。", "你想去吗？"]),
        ("“你真的要去吗？”她问。我说是。", ["“你真的要去吗？”", "她问。我说是。"]),
        ("我喜欢苹果、香蕉、梨；也喜欢茶。", ["我喜欢苹果、香蕉、", "梨；也喜欢茶。"]),
        ("这样好吗?当然很好。", ["这样好吗?", "当然很好。"]),
        ("我想……也许会吧，可能会下雨。", ["我想……也许会吧，", "可能会下雨。"]),
        ("价格是3.14元。很便宜。", ["价格是3.14元。", "很便宜。"]),
        ("我会用Python和C++。很简单。", ["我会用Python和C++。", "很简单。"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
    ],
)  # fmt: skip
def test_chinese_is_cut_at_its_own_punctuation(text: str, expected: list[str]) -> None:
    assert texts(text, "zh") == expected


def test_a_long_sentence_is_cut_at_its_last_clause() -> None:
    text = "It is fine. " + "one two three four five six seven, " * 8 + "end."
    assert all(c.endswith((",", ".")) for c in texts(text))
    assert max(len(c.split()) for c in texts(text)) <= 25


def test_a_long_clause_is_cut_before_a_conjunction() -> None:
    text = "I would very much like to go there and see what it really looks like today"
    assert texts(text)[0] == "I would very much like to go there"
    zh = "我今天下午真的非常想要去公园散步因为天气真的很好很好"
    assert texts(zh, "zh")[0] == "我今天下午真的非常想要去公园散步"


def test_text_without_any_punctuation_still_comes_out() -> None:
    got = texts(LONG)
    assert max(len(c.split()) for c in got) <= 25
    assert len(got[0].split()) <= 12
    assert " ".join(got) == LONG.strip()
    assert max(map(len, texts("好" * 500, "zh"))) <= 38
    assert max(map(len, texts("x" * 2000))) <= 300


def test_a_chunk_leaves_when_the_next_character_shows_that_it_is_over() -> None:
    chunker = Chunker(ChunkingOptions(), "en")
    assert chunker.push("I see you. ").chunks == ()
    (first,) = chunker.push("N").chunks
    assert first.text == "I see you."
    assert first.is_sentence_end


def test_a_first_chunk_that_ends_at_a_clause_says_so() -> None:
    first, second = chunk("I am here now, my friend.").chunks
    assert not first.is_sentence_end
    assert second.is_sentence_end
    assert [first.index, second.index] == [0, 1]


def test_display_text_is_certain_at_once_and_holds_every_chunk() -> None:
    chunker = Chunker(ChunkingOptions(), "en")
    assert chunker.push("Hel").text == "Hel"
    assert chunker.push("lo [ges").text == "lo"
    assert chunker.push("ture:wave]you").text == " you"


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("[gesture:wave] Hello there", [[Cue("gesture", "wave", 0)]]),
        ("Hello [gesture:wave] there", [[Cue("gesture", "wave", 1)]]),
        ("Hello there. [joy]Good day.", [[], [Cue("face", "happy", 0)]]),
        ("Hello there [joy]. Good day.", [[Cue("face", "happy", 1)], []]),
        ("Bye bye! [gesture:wave]", [[Cue("gesture", "wave", 2)]]),
        ("Bye bye!\n[gesture:wave]", [[Cue("gesture", "wave", 2)]]),
        ("[gesture:wave]", [[Cue("gesture", "wave", 0)]]),
        ("[joy][wave]Hi to you", [[Cue("face", "happy", 0), Cue("gesture", "wave", 0)]]),
        ("I paid $[joy]5 now", [[Cue("face", "happy", 2)]]),
        ("你好[joy]世界", [[Cue("face", "happy", 2)]]),
    ],
)
def test_a_tag_stands_before_the_next_word(text: str, cues: list[list[Cue]]) -> None:
    language = "zh" if "你" in text else "en"
    assert [list(c.cues) for c in chunk(text, language).chunks] == cues


def test_a_reply_of_tags_alone_is_a_chunk_without_words() -> None:
    (only,) = chunk("[gesture:wave][face:happy]").chunks
    assert (only.text, only.spoken, only.words) == ("", "", ())
    assert [cue.kind for cue in only.cues] == ["gesture", "face"]


def test_a_pause_ends_its_chunk_and_lengthens_it() -> None:
    first, second = chunk("Well [joy][pause:0.5] I think so.").chunks
    assert (first.text, first.pause_s, first.is_sentence_end) == ("Well", 0.5, False)
    assert second.cues == (Cue("face", "happy", 0),)
    silent, _ = chunk("[pause:1]Now then.").chunks
    assert (silent.text, silent.pause_s, silent.cues) == ("", 1.0, ())


def test_a_block_of_code_is_shown_and_named() -> None:
    chunks = chunk("Here is a loop:\n```py\nfor i in x:\n    print(i)\n```\nIt prints.").chunks
    assert [(c.text, c.spoken) for c in chunks] == [
        ("Here is a loop:", "Here is a loop,"),
        ("for i in x:", "a block of code."),
        ("    print(i)", ""),
        ("It prints.", "It prints."),
    ]
    assert [len(c.words) for c in chunks] == [4, 1, 0, 2]
    (only,) = chunk("```\nx\n```", "zh").chunks
    assert (only.text, only.spoken) == ("x", "一段代码。")
    assert chunk("```\n```").chunks == ()


def test_code_is_named_while_it_is_still_being_written() -> None:
    chunker = Chunker(ChunkingOptions(), "en")
    (named,) = chunker.push("```py\nfor i in x:\n    p").chunks
    assert named.spoken == "a block of code."


def test_a_pause_inside_a_number_waits_for_its_end() -> None:
    chunks = chunk("It is 5 [pause:1]km away, I think.").chunks
    assert [(c.text, c.pause_s) for c in chunks] == [("It is 5 km", 1.0), ("away, I think.", 0.0)]
    (only,) = chunk("Bye now.[pause:1]").chunks
    assert only.pause_s == 1.0


def test_a_pause_can_be_added_after_every_sentence() -> None:
    chunker = Chunker(ChunkingOptions(sentence_pause_s=0.2), "en")
    chunks = chunker.push("I am here now, so it is. And so on.").chunks + chunker.flush().chunks
    assert [c.pause_s for c in chunks] == [0.0, 0.2, 0.2]


def test_unknown_tags_are_dropped_and_counted() -> None:
    chunker = Chunker(ChunkingOptions(), "en")
    assert chunker.push("a [sparkle] b [tone:x] c").text == "a b c"
    assert chunker.unknown_tags == 2


def test_chunks_are_spoken_in_the_language_of_the_reply() -> None:
    assert chunk("I have 3 cats.").chunks[0].spoken == "I have three cats."
    assert chunk("我有3只猫。", "zh").chunks[0].spoken == "我有三只猫。"
    assert chunk("J'ai 3 chats.", "fr").chunks[0].spoken == "J'ai trois chats."
    assert chunk("Ho 3 gatti.", "it").chunks[0].spoken == "Ho 3 gatti."


_PIECES = st.sampled_from(
    [
        *("Hello", "Dr.", "3.14", "e.g.", "U.S.", "one", "two", "and", "a.b", "https://x.io/a?b=c"),
        *(
            "你好",
            "，",
            "。",
            "？",
            "！",
            ",",
            ".",
            "!",
            "?",
            "...",
            "—",
            ":",
            '"',
            "”",
            "$5",
            "1. ",
        ),
        *(" ", " ", " ", "\n", "- ", "**", "| ", "[", "](", ")", "😀"),
        *("[joy]", "[gesture:wave]", "[pause:1]", "[x]"),
    ]
)


@given(
    st.lists(_PIECES, max_size=40).map("".join), st.lists(st.integers(1, 9), min_size=1, max_size=9)
)
@example("Hello there. [gesture:wave]", [1])
def test_the_split_into_deltas_makes_no_difference(text: str, sizes: list[int]) -> None:
    assert chunk(text, sizes=sizes) == chunk(text) == chunk(text, sizes=[1])


@given(st.lists(_PIECES, max_size=60).map("".join), st.sampled_from(["en", "zh", "fr"]))
def test_chunks_are_the_display_text_cut_in_order(text: str, language: str) -> None:
    got = chunk(text, language)
    at = 0
    for index, each in enumerate(got.chunks):
        assert each.index == index
        found = got.text.find(each.text, at)
        assert got.text[at:found].strip() == ""
        at = found + len(each.text)
        _check(each)
    assert got.text[at:].strip() == ""


@given(st.text(max_size=200))
def test_any_text_comes_out_whole(text: str) -> None:
    got = chunk(text, sizes=[3])
    assert "".join(c.text for c in got.chunks).split() == got.text.replace("\n", " ").split() or (
        "".join("".join(c.text for c in got.chunks).split()) == "".join(got.text.split())
    )


def _check(each: SpeakableChunk) -> None:
    assert each.text == each.text.strip()
    assert all(0 <= cue.word <= len(each.words) for cue in each.cues)
    assert each.pause_s >= 0


def test_reading_a_delta_costs_no_more_late_in_a_text_than_early() -> None:
    # Every token of every session passes here, on the event loop. Calls are counted, not time.
    deltas = [LONG[i : i + 5] for i in range(0, len(LONG), 5)]
    chunker, calls, counts = Chunker(ChunkingOptions(), "en"), 0, []

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    for delta in deltas:
        calls = 0
        sys.setprofile(count)
        try:
            chunker.push(delta)
        finally:
            sys.setprofile(None)
        counts.append(calls)
    half = len(counts) // 2
    assert 0 < max(counts[half:]) <= 2 * max(counts[:half])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One day, in the heart of it, he sang.", ["One day,", "in the heart of it,", "he sang."]),
        ("Well, that is so. I see.", ["Well, that is so.", "I see."]),
        ("I'm sorry for your loss, and I care.", ["I'm sorry for your loss,", "and I care."]),
        # Without punctuation: before a verb, a preposition or a conjunction.
        ("The guided tour can vary greatly depending on it.",
         ["The guided tour", "can vary greatly depending on it."]),
        ("The nearest exit to the city of Rome is far.",
         ["The nearest exit", "to the city of Rome is far."]),
        ("Seven very short words are here now.", ["Seven very short words", "are here now."]),
        # Nowhere better: after as many words as may be.
        ("Big old red blue green black dogs bark.", ["Big old red blue green", "black dogs bark."]),
        # Numbers keep their commas, quotations theirs.
        ("It is 1,000 miles. Yes.", ["It is 1,000 miles.", "Yes."]),
        ("\u201cYes, sir,\u201d he said then. Yes.",
         ["\u201cYes, sir,\u201d", "he said then.", "Yes."]),
    ],
)  # fmt: skip
def test_the_first_words_leave_early(text: str, expected: list[str]) -> None:
    assert [c.text for c in chunk(text, options=ChunkingOptions()).chunks] == expected


def test_each_chunk_may_be_twice_as_long_as_the_one_before() -> None:
    words = [f"word{n}" for n in range(60)]
    chunks = chunk(" ".join(words), options=ChunkingOptions(max_words=20)).chunks
    assert [len(c.words) for c in chunks] == [5, 10, 20, 20, 5]


def test_a_reply_may_have_any_number_of_chunks() -> None:
    """A power of the growth is too large for a number after 1023 of them."""
    chunks = chunk("Well, yes. " * 3000, options=ChunkingOptions()).chunks
    assert len(chunks) > 2000
    assert chunks[-1].text == "Well, yes."


def test_a_comma_after_a_letter_ends_the_first_clause_at_once() -> None:
    chunker = Chunker(ChunkingOptions(), "en")
    assert chunker.push("Oh well").chunks == ()
    [first] = chunker.push(",").chunks
    assert first.text == "Oh well,"
    assert chunker.push(" that").chunks == ()
