"""The bench of the language model: prompts, order, times and what is compared."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace

import pytest

from voice_avatar.bench.measures.llm import (
    OURS,
    Answer,
    aborts,
    add_arguments,
    answered,
    ask_all,
    figures,
    in_turn,
    our_asker,
    read_conversations,
    run,
)
from voice_avatar.engines.scripted import ScriptedLlm

ANSWER = Answer(0, 0, 0.2, 1.2, 11, 40, "Hello.")


def test_a_turn_is_asked_with_the_answers_that_the_history_gives() -> None:
    talk = read_conversations()[0]
    first, third = talk.prompt(0), talk.prompt(2)
    assert [m.role for m in first] == ["system", "user"]
    assert [m.role for m in third] == ["system", *["user", "assistant"] * 2, "user"]
    assert third[: len(first)] == first  # so that a prefix cache has something to keep


def test_conversations_take_turns() -> None:
    talks = read_conversations()[:2]
    assert in_turn(talks, 3) == [(0, 0), (1, 0), (0, 1)]
    assert len(in_turn(talks)) == sum(len(t.turns) for t in talks)


async def test_an_answer_is_timed_from_the_question_to_its_first_and_last_token() -> None:
    engine = ScriptedLlm(["one two three four"], token_s=0.01)
    answer = await answered(our_asker(engine), 0, 0, read_conversations()[0].prompt(0))
    assert answer.text == "one two three four"
    assert 0.0 < answer.first_s < answer.total_s
    assert answer.tokens == 4
    assert answer.tokens_per_s > 0.0


async def test_each_conversation_keeps_its_own_prefix_and_is_asked_everything() -> None:
    engine = ScriptedLlm(["yes"])
    talks = read_conversations()[:2]
    answers = await ask_all({OURS: our_asker(engine)}, talks, 4)
    assert [(a.conversation, a.turn) for a in answers[OURS]] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    asked = engine.requests[1:]  # the first warms up
    assert [r.cache_key for r in asked] == ["conversation 0", "conversation 1"] * 2
    assert asked[2].messages == talks[0].prompt(1)


async def test_an_unwanted_request_is_given_up_inside_the_engine() -> None:
    engine = ScriptedLlm(["one two three four five six seven eight"])
    talks = read_conversations()[:2]
    assert len(await aborts(engine, talks)) == 2
    assert (engine.aborted, engine.running) == (2, 0)
    assert await aborts(ScriptedLlm(["too short"]), talks) == []


def test_speed_leaves_the_first_token_out_and_same_texts_are_counted() -> None:
    other = replace(ANSWER, first_s=0.4, text="Hi.")
    found = {
        f.name: f for f in figures({OURS: [ANSWER, ANSWER], "xllamacpp": [ANSWER, other]}, "alone")
    }
    speed, ratio = found["alone.ours.speed"].summary, found["alone.xllamacpp.first_token_ratio"]
    assert speed is not None
    assert speed.mean == pytest.approx(10.0)
    assert ratio.summary is not None
    assert (ratio.summary.least, ratio.summary.most) == pytest.approx((1.0, 2.0))
    assert found["alone.xllamacpp.same_text"].value == 50.0
    assert replace(ANSWER, tokens=1).tokens_per_s == 0.0


@pytest.mark.models
@pytest.mark.timeout(900)  # xllamacpp with its own threads is very slow where others work, too
def test_the_real_model_is_measured_beside_xllamacpp_itself() -> None:
    pytest.importorskip("xllamacpp")
    parser = ArgumentParser()
    add_arguments(parser)
    result = run(parser.parse_args(["--limit", "1"]))
    assert result.kind == "llm"
    assert {i["engine"] for i in result.items} == {OURS, "xllamacpp", "xllamacpp, our threads"}
    assert all(i["tokens"] > 1 and i["prompt_tokens"] > 10 for i in result.items)
    assert "abort" in {f.name for f in result.figures}
