"""The table of phases: every row happens, and nothing happens that is in no row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import given
from kit.listener_talk import ANYTHING, STEPS, TURN, Steps, Talk, act, over_reply, ready, said

from voice_avatar.events.inputs import Transcribed
from voice_avatar.events.payloads import Transcript
from voice_avatar.turns import turn_taking
from voice_avatar.turns.phases import END_REASONS, PHASES, Deed, Happening, Phase
from voice_avatar.turns.turn_taking import TurnTaking

QUIET, SPEAKING, PAUSED = Phase
Step = tuple[Phase, Happening, Phase]


@pytest.fixture
def steps() -> Iterator[list[Step]]:
    """All that happens to turns from now on: the phase before, what happened, the phase after."""
    with pytest.MonkeyPatch.context() as patch:
        yield spy(patch)


def spy(patch: pytest.MonkeyPatch) -> list[Step]:
    seen: list[Step] = []
    happens, window = TurnTaking.happens, TurnTaking.window

    def spied_happens(taking: TurnTaking, what: Happening, sample: int) -> list[object]:
        before = taking.phase
        out = happens(taking, what, sample)
        seen.append((before, what, taking.phase))
        assert out == [] or (before, what) in PHASES
        return [*out]

    def spied_window(taking: TurnTaking, sample: int) -> list[object]:
        before = taking.phase
        out = window(taking, sample)
        seen.append((before, Happening.WINDOW, taking.phase))
        return [*out]

    patch.setattr(TurnTaking, "happens", spied_happens)
    patch.setattr(TurnTaking, "window", spied_window)
    return seen


# -- every row, and every phase that it leads to


def speaking() -> Talk:
    talk = Talk()
    talk.speak(0.5)
    return talk


def paused() -> Talk:
    """In a pause whose text and score are awaited."""
    talk = speaking()
    talk.hush(0.064)
    return talk


def pressed() -> Talk:
    talk = Talk()
    talk.press()
    return talk


def released() -> Talk:
    """The client has ended the turn, whose text is awaited."""
    talk = pressed()
    talk.speak(0.5)
    talk.hush(0.1)
    talk.release()
    return talk


def ended() -> Talk:
    """Likewise, and the user speaks on."""
    talk = released()
    talk.speak(0.2)
    return talk


def commit_past(talk: Talk) -> None:
    talk.take(talk.listener.commit(0))


def early_text(talk: Talk) -> None:
    """Text of the last pause comes when the user speaks again."""
    talk.speak(0.2)
    talk.text("Hello")


def next_turn(talk: Talk) -> None:
    talk.text("One.")
    talk.hush(0.032)


def next_turn_is_over(talk: Talk) -> None:
    talk.hush(0.3)
    next_turn(talk)


def waits_for_reply() -> Talk:
    """Long enough silent to end, but the prepared reply is awaited."""
    talk = ready()
    talk.hush(0.3)
    return talk


def understood() -> Talk:
    """The silence is long enough, and only the text is awaited."""
    talk = paused()
    talk.score(0.95)
    talk.hush(2.0)
    return talk


def silent() -> Talk:
    """The silence is long enough for a sure turn model, and only its word is awaited."""
    talk = paused()
    talk.text("Hello there.")
    talk.hush(0.3)
    return talk


WAYS: dict[Step, tuple[Callable[[], Talk], Callable[[Talk], object]]] = {
    (QUIET, Happening.SPEECH, SPEAKING): (Talk, lambda talk: talk.speak(0.1)),
    (QUIET, Happening.PRESS, SPEAKING): (Talk, Talk.press),
    (QUIET, Happening.COMMIT, SPEAKING): (Talk, commit_past),
    (QUIET, Happening.WINDOW, QUIET): (Talk, lambda talk: talk.hush(0.032)),
    (QUIET, Happening.WINDOW, SPEAKING): (ended, next_turn),
    (QUIET, Happening.WINDOW, PAUSED): (ended, next_turn_is_over),
    (QUIET, Happening.CLEAR, QUIET): (Talk, Talk.clear),
    (SPEAKING, Happening.WINDOW, SPEAKING): (speaking, lambda talk: talk.speak(0.032)),
    (SPEAKING, Happening.TEXT, SPEAKING): (paused, early_text),
    (SPEAKING, Happening.PAUSE, PAUSED): (speaking, lambda talk: talk.hush(0.064)),
    (SPEAKING, Happening.PAUSE, SPEAKING): (
        pressed,
        lambda talk: (talk.speak(0.5), talk.hush(0.064)),
    ),
    (SPEAKING, Happening.RELEASE, PAUSED): (pressed, Talk.release),
    (SPEAKING, Happening.COMMIT, PAUSED): (speaking, Talk.commit),
    (SPEAKING, Happening.SPEECH, SPEAKING): (pressed, lambda talk: talk.speak(0.1)),
    (SPEAKING, Happening.PRESS, SPEAKING): (speaking, Talk.press),
    (SPEAKING, Happening.CLEAR, QUIET): (speaking, Talk.clear),
    (PAUSED, Happening.WINDOW, PAUSED): (paused, lambda talk: talk.hush(0.032)),
    (PAUSED, Happening.WINDOW, QUIET): (said, lambda talk: talk.hush(1.0)),
    (PAUSED, Happening.TEXT, PAUSED): (paused, lambda talk: talk.text("Hello.")),
    (PAUSED, Happening.TEXT, QUIET): (understood, lambda talk: talk.text("Hello.")),
    (PAUSED, Happening.NO_TEXT, QUIET): (paused, Talk.no_text),
    (PAUSED, Happening.SCORE, PAUSED): (paused, lambda talk: talk.score(0.95)),
    (PAUSED, Happening.SCORE, QUIET): (silent, lambda talk: talk.score(0.95)),
    (PAUSED, Happening.AUDIBLE, PAUSED): (paused, Talk.answered),
    (PAUSED, Happening.AUDIBLE, QUIET): (waits_for_reply, Talk.answered),
    (PAUSED, Happening.COMMIT, PAUSED): (paused, Talk.commit),
    (PAUSED, Happening.COMMIT, QUIET): (said, Talk.commit),
    (PAUSED, Happening.STALL, PAUSED): (paused, lambda talk: talk.stall(1.0)),
    (PAUSED, Happening.STALL, QUIET): (said, lambda talk: talk.stall(1.0)),
    (PAUSED, Happening.SPEECH, SPEAKING): (paused, lambda talk: talk.speak(0.1)),
    (PAUSED, Happening.SPEECH, PAUSED): (released, lambda talk: talk.speak(0.1)),
    (PAUSED, Happening.PRESS, SPEAKING): (paused, Talk.press),
    (PAUSED, Happening.CLEAR, QUIET): (paused, Talk.clear),
}
"""For each row and each phase after it: how to get there, and what to do then."""


@pytest.mark.parametrize("step", WAYS, ids=lambda step: "-".join(item.name for item in step))
def test_every_row_happens(step: Step) -> None:
    set_up, do = WAYS[step]
    talk = set_up()
    with pytest.MonkeyPatch.context() as patch:
        seen = spy(patch)
        do(talk)
    assert step in seen


def test_the_ways_are_those_of_the_table() -> None:
    rows = {(before, what, after) for (before, what), row in PHASES.items() for after in row.to}
    assert set(WAYS) == rows


@given(STEPS)
def test_whatever_happens_is_in_the_table_or_changes_nothing(actions: Steps) -> None:
    talk = Talk(ANYTHING)
    with pytest.MonkeyPatch.context() as patch:
        seen = spy(patch)
        for action, seconds in actions:
            act(talk, action, seconds)
            taking, detector = talk.listener._taking, talk.listener._detector
            # A stall is a pause first, because nobody is taken for speaking who is not heard.
            is_speaking = talk.listener.phase is SPEAKING
            assert not is_speaking or taking.is_pressed or detector.is_speaking
    for before, what, after in seen:
        row = PHASES.get((before, what))
        assert after is before if row is None else after in row.to


# -- the table itself


def test_every_phase_listens_to_the_microphone_and_to_the_client() -> None:
    for phase, what in product(Phase, (Happening.WINDOW, Happening.SPEECH, Happening.PRESS)):
        assert (phase, what) in PHASES


def test_every_deed_is_done_somewhere_and_every_happening_means_something() -> None:
    assert {row.deed for row in PHASES.values()} == set(Deed) == set(turn_taking._DEEDS)
    assert {what for _, what in PHASES} == set(Happening)


def test_what_ends_a_turn_by_force_has_a_reason() -> None:
    ends = {what for (_, what), row in PHASES.items() if row.deed is Deed.END}
    assert ends == set(END_REASONS)


def test_what_is_in_no_row_changes_nothing(steps: list[Step]) -> None:
    talk = over_reply(TURN)
    taking = talk.listener._taking
    for what in set(Happening) - {what for phase, what in PHASES if phase is QUIET}:
        assert taking.happens(what, 0) == []
    assert {after for _, _, after in steps} == {QUIET}
    assert talk.take(talk.listener.transcribed(Transcribed(1, Transcript("Hi.")), 1.0)) == []
