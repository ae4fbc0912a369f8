"""The two tables: every cell of them is tried, and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.session_talk import ACTIONS, ANYTHING, Scene, Steps, act, speaking

from voice_avatar.conversation.states import SLOTS, TRANSITIONS, SlotEvent, Slots, Trigger
from voice_avatar.events.commands import EndSession, StartReply
from voice_avatar.events.inputs import (
    ClearInput,
    ClientBack,
    ClientLost,
    HistoryCut,
    InterruptRequest,
    ReplyFailed,
    ReplyRequest,
    SettingsChanged,
    TextInput,
    ToolCallMade,
    ToolResult,
)
from voice_avatar.events.notices import ReplyStarted, State, StateChanged, ToolCalled
from voice_avatar.events.payloads import Tool, ToolCall
from voice_avatar.turns.facts import BargeIn, TurnCommitted, TurnDropped, TurnReady, TurnWentOn

# -- every change of state


def listening() -> Scene:
    scene = Scene()
    scene.speak(0.2)
    return scene


def thinking() -> Scene:
    scene = Scene()
    scene.give(TextInput("Hello."))
    return scene


def interrupted() -> Scene:
    scene = speaking()
    scene.give(InterruptRequest())
    return scene


def calling() -> Scene:
    """The avatar speaks, and has called a tool."""
    scene = Scene()
    scene.give(TextInput("Hello."))
    scene.write(1, "Let me look.", 1.0)
    scene.give(ToolCallMade(1, ToolCall("call_1_0", "look", "{}")))
    scene.made(1)
    scene.send(1, 1.0)
    return scene


def called_and_spoken_to() -> Scene:
    scene = calling()
    scene.wait(2.0)
    scene.speak(0.2)
    return scene


CHANGES: dict[tuple[State, Trigger], tuple[Callable[[], Scene], Callable[[Scene], object]]] = {
    (State.IDLE, Trigger.USER_SPEAKS): (Scene, lambda scene: scene.speak(0.2)),
    (State.IDLE, Trigger.COMMITTED): (Scene, lambda scene: scene.give(TextInput("Hello."))),
    (State.LISTENING, Trigger.COMMITTED): (listening, lambda scene: scene.give(TextInput("Hi."))),
    (State.LISTENING, Trigger.WAITS): (
        called_and_spoken_to,
        lambda scene: (scene.say("", 0.05), scene.hush(1.5)),
    ),
    (State.SPEAKING, Trigger.WAITS): (calling, lambda scene: scene.wait(2.0)),
    (State.LISTENING, Trigger.QUIET): (
        listening,
        lambda scene: (scene.give(ClearInput()), scene.hush(16.0)),
    ),
    (State.THINKING, Trigger.AUDIO_OUT): (thinking, lambda scene: scene.send(1, 0.1)),
    (State.THINKING, Trigger.REPLY_OVER): (thinking, lambda scene: scene.made(1)),
    (State.THINKING, Trigger.TAKEN_BACK): (thinking, lambda scene: scene.speak(0.2)),
    (State.THINKING, Trigger.CUT): (thinking, lambda scene: scene.give(InterruptRequest())),
    (State.SPEAKING, Trigger.REPLY_OVER): (speaking, lambda scene: scene.wait(5.0)),
    (State.SPEAKING, Trigger.CUT): (speaking, lambda scene: scene.give(InterruptRequest())),
    (State.INTERRUPTED, Trigger.SETTLED): (interrupted, lambda scene: scene.wait(0.4)),
    (State.INTERRUPTED, Trigger.COMMITTED): (
        interrupted,
        lambda scene: scene.give(TextInput("Hi.")),
    ),
}


def test_every_change_of_state_is_tried() -> None:
    assert set(CHANGES) == set(TRANSITIONS)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]}-{change[1].name}")
def test_the_state_changes_as_the_table_says(change: tuple[State, Trigger]) -> None:
    make, act = CHANGES[change]
    scene = make()
    assert scene.session.state is change[0]
    scene.log.clear()
    act(scene)
    assert scene.only(StateChanged) == [StateChanged(TRANSITIONS[change])]


# -- every event of what there is to be said

TOOLS = (Tool("look"), Tool("timer"))
MADE_BY = {
    "ready": SlotEvent.READY,
    "committed": SlotEvent.COMMITTED,
    "went_on": SlotEvent.WENT_ON,
    "dropped": SlotEvent.DROPPED,
    "heard_out": SlotEvent.HEARD_OUT,
    "asked": SlotEvent.ASKED,
    "say": SlotEvent.SAID,
    "answer_again": SlotEvent.SAID,
    "audio_sent": SlotEvent.HEARD,
    "failed": SlotEvent.FAILED,
    "over": SlotEvent.OVER,
    "waits": SlotEvent.WAITS,
    "cut": SlotEvent.CUT,
}
OF_THE_LIVE_REPLY = (SlotEvent.HEARD, SlotEvent.FAILED)


class SlotScene(Scene):
    """A scene with tools that notes every event of the slots, with what was there around it.

    Attributes:
        moves: slots before, event, slots after, in order.
    """

    def __init__(self) -> None:
        super().__init__(turn=ANYTHING)
        self.give(SettingsChanged(tools=TOOLS))
        self.moves: list[tuple[Slots, SlotEvent, Slots]] = []
        self._is_within = False
        speaker = self.session._speaker
        for name, event in MADE_BY.items():
            self._watch(speaker, name, event)
        self._watch(speaker.rounds, "use_results", SlotEvent.RESULTS)

    def _watch(self, side: Any, name: str, event: SlotEvent) -> None:
        speaker, do = self.session._speaker, getattr(side, name)

        def watched(*args: Any, **named: Any) -> Any:
            is_of_another = event in OF_THE_LIVE_REPLY and args[0] is not speaker.replies.live
            if self._is_within or is_of_another:
                return do(*args, **named)
            self._is_within = True  # a commit that cuts is one event
            before = speaker.slots
            out = do(*args, **named)
            self._is_within = False
            self.moves.append((before, event, speaker.slots))
            return out

        setattr(side, name, watched)

    def act(self, *facts: Any) -> None:
        """The listener gives these facts."""
        self.take(tuple(self.session._reactions.acted(facts, self.now_s)))

    def commit(self, text: str = "And so on.") -> None:
        turn_id = self.session._listener.turn_id
        self.act(TurnCommitted(turn_id, text, "en", "vad", 0.5, self.now_s, self.now_s))

    def call(self) -> None:
        """The live reply says something, calls a tool, and is whole."""
        reply_id = self.live_id
        self.write(reply_id, "Let me look.", 1.0)
        self.give(ToolCallMade(reply_id, ToolCall(f"call_{reply_id}_0", "look", "{}")))
        self.made(reply_id)
        self.send(reply_id, 1.0)

    def result(self) -> None:
        self.give(ToolResult(f"call_{self.live_id}_0", "A chair."))


def slots_none() -> SlotScene:
    return SlotScene()


def slots_prepared() -> SlotScene:
    scene = SlotScene()
    scene.act(TurnReady("Hello.", "en", scene.now_s, scene.now_s))
    return scene


def slots_live() -> SlotScene:
    scene = SlotScene()
    scene.give(TextInput("Hello."))
    scene.call()
    return scene


def slots_live_prepared() -> SlotScene:
    scene = slots_live()
    scene.result()
    return scene


def slots_waiting() -> SlotScene:
    scene = slots_live()
    scene.wait(2.0)
    return scene


def is_heard_out(scene: SlotScene) -> None:
    scene.give(SettingsChanged(answered="none"))
    scene.commit()


def is_over(scene: SlotScene) -> None:
    """The reply is played, and a turn that came over it is owed an answer."""
    was_prepared = scene.session._speaker.slots is Slots.LIVE_PREPARED
    scene.give(SettingsChanged(is_interruptible=False))
    scene.commit()
    if was_prepared:  # the turn threw it away; with the next news of the reply it is made again
        scene.made(scene.live_id)
    scene.wait(2.0)


SLOTS_MADE: dict[Slots, Callable[[], SlotScene]] = {
    Slots.NONE: slots_none,
    Slots.PREPARED: slots_prepared,
    Slots.LIVE: slots_live,
    Slots.LIVE_PREPARED: slots_live_prepared,
    Slots.WAITING: slots_waiting,
}
SLOTS_MOVED: dict[SlotEvent, Callable[[SlotScene], object]] = {
    SlotEvent.READY: lambda it: it.act(TurnReady("And you?", "en", it.now_s, it.now_s)),
    SlotEvent.COMMITTED: SlotScene.commit,
    SlotEvent.WENT_ON: lambda it: it.act(TurnWentOn()),
    SlotEvent.DROPPED: lambda it: it.act(TurnDropped()),
    SlotEvent.HEARD_OUT: is_heard_out,
    SlotEvent.ASKED: lambda it: it.give(ReplyRequest("a1")),
    SlotEvent.SAID: lambda it: it.act(TurnDropped("failed")),
    SlotEvent.HEARD: lambda it: it.send(it.live_id, 1.0),
    SlotEvent.RESULTS: SlotScene.result,
    SlotEvent.FAILED: lambda it: it.give(ReplyFailed(it.live_id, "llm_failed", "", 10_000)),
    SlotEvent.OVER: is_over,
    SlotEvent.WAITS: lambda it: it.wait(2.0),
    SlotEvent.CUT: lambda it: it.act(BargeIn()),
}


@pytest.mark.parametrize("cell", SLOTS, ids=lambda cell: f"{cell[0].name}-{cell[1].name}")
def test_the_slots_change_as_the_table_says(cell: tuple[Slots, SlotEvent]) -> None:
    before, event = cell
    scene = SLOTS_MADE[before]()
    assert scene.session._speaker.slots is before
    scene.moves.clear()
    SLOTS_MOVED[event](scene)
    assert (before, event, SLOTS[cell]) in scene.moves


MORE = [
    *ACTIONS,
    *"call call look result result result asked asked beside untouchable touchable".split(),
    *"unanswered detected answered told waited cut_history lost back failing prepare".split(),
]
MORE_STEPS = st.lists(
    st.tuples(st.sampled_from(MORE), st.sampled_from([0.032, 0.1, 0.3, 1.0, 3.0])), max_size=60
)
SETTINGS = {
    "untouchable": SettingsChanged(is_interruptible=False),
    "touchable": SettingsChanged(is_interruptible=True),
    "unanswered": SettingsChanged(answered="none"),
    "detected": SettingsChanged(answered="detected"),
    "answered": SettingsChanged(answered="all"),
    "told": SettingsChanged(follows_up=False),
    "waited": SettingsChanged(follows_up=True),
}


def act_more(scene: SlotScene, action: str, seconds: float) -> None:
    """Does one thing, of those that a session with tools and a client of its own will knows."""
    started = scene.only(StartReply)[-1].reply_id if scene.only(StartReply) else 1
    match action:
        case "call" if scene.only(ReplyStarted):
            scene.call()
        case "look":
            scene.give(ToolCallMade(started, ToolCall(f"call_{started}_1", "look", "{}")))
        case "result":
            ids = [call.call_id for call in scene.only(ToolCalled)][-2:]
            for call_id in ids:
                scene.give(ToolResult(call_id, "A chair."))
        case "asked":
            scene.give(ReplyRequest("a1"))
        case "beside":
            scene.give(ReplyRequest("a2", is_out_of_band=True))
        case "cut_history":
            scene.give(HistoryCut(f"reply-{started}"))
        case "lost" | "back":
            scene.give(ClientLost() if action == "lost" else ClientBack())
        case "failing":
            scene.give(ReplyFailed(started, "llm_failed", "", scene.planned.get(started, 0)))
        case "prepare":
            for more in ("speak", "hush", "text", "text", "text", "sure", "sure"):
                act(scene, more, 0.3)
        case _ if action in SETTINGS:
            scene.give(SETTINGS[action])
        case "call":
            pass
        case _:
            act(scene, action, seconds)


@given(MORE_STEPS)
def test_whatever_happens_the_slots_change_as_the_table_says(steps: Steps) -> None:
    scene = SlotScene()
    for action, seconds in steps:
        act_more(scene, action, seconds)
        if scene.only(EndSession):
            break
    for before, event, after in scene.moves:
        assert SLOTS[before, event] is after


@given(MORE_STEPS)
def test_nothing_but_an_event_of_the_table_changes_the_slots(steps: Steps) -> None:
    scene = SlotScene()
    for action, seconds in steps:
        act_more(scene, action, seconds)
        if scene.only(EndSession):
            break
    for (_, _, after), (before, _, _) in pairwise(scene.moves):
        assert before is after
    if scene.moves:
        assert scene.session._speaker.slots is scene.moves[-1][2]


def test_every_event_can_be_made_by_somebody() -> None:
    assert {event for _, event in SLOTS} == set(SlotEvent) == set(SLOTS_MOVED)
    assert {slots for slots, _ in SLOTS} == set(Slots) == set(SLOTS.values())
