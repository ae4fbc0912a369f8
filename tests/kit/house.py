"""The plan of the house: the rooms of `voice_avatar/`, what each is for, and what it may import.

The law in one line: a room is a folder with one job; a room is pure or doing; a room imports only
the rooms of its row, and the ground. `house_law.py` holds the code to it (`tests/test_house.py`),
and `house_picture.py` draws it: `make house` writes docs/house.svg and docs/house.md.

A row is checked both ways: what is not in it may not be imported, and what is in it is imported
somewhere. A name with a dot admits one part of a room only (`acting.mouth`).
"""

from __future__ import annotations

from typing import Final

from kit.house_plan import Plan, Room, Wing

WINGS: Final[dict[Wing, str]] = {
    "ground": "The ground: what every room stands on",
    "utterance": "The way of an utterance: what is heard, decided, said and shown",
    "wire": "What is said over a wire",
    "doing": "Doing: sockets, threads, engines, files",
    "programs": "Programs",
}
"""The parts of the house, in reading order, and their headings."""


def _pure(
    name: str,
    wing: Wing,
    job: str,
    imports: str | None = "",
    *rooms: Room,
    doing: str = "",
) -> Room:
    return Room(name, wing, True, job, imports, rooms, otherwise=doing)


def _doing(
    name: str,
    wing: Wing,
    job: str,
    imports: str | None = "",
    *rooms: Room,
    pure: str = "",
) -> Room:
    return Room(name, wing, False, job, imports, rooms, otherwise=pure)


GROUND: Final = (
    _pure("errors", "ground", "Everything that can go wrong, by name."),
    _pure(
        "events", "ground", "What passes between rooms: payloads, inputs, commands, notices, cues."
    ),
    _pure(
        "vocabulary", "ground", "The words for moods, gestures and gaze, and their tags.", "events"
    ),
    _pure("languages", "ground", "What is said in which language, as data."),
)
"""What every room may import."""

_UTTERANCE: Final = (
    _pure("audio", "utterance", "Samples: levels, rates, codecs, files.", doing="wav"),
    _pure("stages", "utterance", "Each engine's edge: protocol, capabilities, options."),
    _pure(
        "hearing",
        "utterance",
        "Microphone to windows: is there a voice, and is it the user's?",
        "audio stages",
    ),
    _pure(
        "turns",
        "utterance",
        "Windows and words to the user's turn: is it over, does it interrupt?",
        "stages",
    ),
    _pure(
        "conversation",
        "utterance",
        "The decision: what to answer, when to speak, stop, or call a tool.",
        "acting stages tools turns",
    ),
    _pure("text", "utterance", "Deltas of a language model to chunks that can be spoken."),
    _pure(
        "acting",
        "utterance",
        "What mouth, face and body do, on the reply's own clock.",
        "audio stages",
        _pure("variation", "utterance", "Numbers that look like chance, from a seed."),
        _pure("mouth", "utterance", "Sounds to mouth shapes, and how far the mouth opens."),
        _pure("face", "utterance", "Mouth, mood and blinks to one face track.", "mouth"),
        _pure(
            "gesture",
            "utterance",
            "What hands, head, gaze and mood do while words are said.",
            "variation",
        ),
        _pure("presence", "utterance", "What the body does between replies.", "gesture variation"),
        _pure("clips", "utterance", "Recorded movements, and the body that makes them."),
        _pure(
            "timeline",
            "utterance",
            "Chunks and their cues in order, at sample times.",
            "gesture mouth",
        ),
    ),
    _pure("tools", "utterance", "Tools: what is offered, called and answered."),
    _pure(
        "personas",
        "utterance",
        "Who the avatar is: prompt, greeting, voice and temper.",
        "acting.gesture",
    ),
)

_WIRE: Final = (
    _pure(
        "wire",
        "wire",
        "Our protocol: messages, frames, codes, limits.",
        "acting audio.opus tools",
    ),
    _pure(
        "realtime",
        "wire",
        "OpenAI's Realtime protocol, in terms of ours.",
        "audio conversation tools wire",
    ),
)

_DOING: Final = (
    _doing("models", "doing", "The model store: fetched once, checked, kept."),
    _doing(
        "engines",
        "doing",
        "One library a file: recognisers, language models, voices.",
        "acting.mouth audio models stages tools",
    ),
    _doing(
        "machine",
        "doing",
        "How many threads each engine gets on this machine.",
        "audio engines models stages",
        pure="thread_plan",
    ),
    _doing(
        "pipeline",
        "doing",
        "Carries the session's decisions out: ears, answers, replies, outbox.",
        "acting audio conversation hearing stages text tools",
        pure="engine_watch out_of_band",
    ),
    _doing(
        "recording", "doing", "Sessions on disk, and run again from there.", "conversation stages"
    ),
    _doing("telemetry", "doing", "Metrics, counters and logs."),
    _pure(
        "config",
        "doing",
        "Files, variables and flags to options.",
        "acting conversation hearing machine.thread_plan stages text",
    ),
    _doing(
        "server",
        "doing",
        "The port: who may come in, and how each is carried.",
        "acting audio config conversation hearing personas pipeline realtime recording stages"
        " telemetry wire",
        _doing(
            "entrance",
            "doing",
            "Who may come to the port at all, and who waits there.",
            None,
            pure="address_budgets crowd",
        ),
        _doing("native", "doing", "Our own protocol over a WebSocket.", None),
        _doing("realtime", "doing", "OpenAI's protocol over a WebSocket.", None),
        _doing("pcm", "doing", "Plain audio both ways.", None),
        pure="resend resumption",
    ),
    _doing(
        "client",
        "doing",
        "The Python SDK: a session from the user's side.",
        "audio tools wire",
        _pure("rules", "doing", "What every client does, in any language.", None),
    ),
)

_PROGRAMS: Final = (
    _doing("cli", "programs", "The command line.", None, pure="speech_plot"),
    _doing(
        "conformance",
        "programs",
        "Checks servers and clients against the protocol; writes its documents.",
        None,
        _doing("rules", "programs", "What a server is checked for, from outside.", None),
        _doing("vectors", "programs", "The golden vectors.", None),
        _doing(
            "documents",
            "programs",
            "Schemas and tables, made from the code.",
            None,
            pure="message_schemas protocol_tables",
        ),
        pure="scenarios transcript",
    ),
    _doing(
        "bench",
        "programs",
        "Measurements, and the pages that show them.",
        None,
        _doing("measures", "programs", "Fourteen measurements.", None),
        _doing(
            "attacks",
            "programs",
            "Attacks on a server, and what others notice of them.",
            None,
        ),
        _doing("callers", "programs", "Users, as many as are wanted.", None),
        _doing("targets", "programs", "Servers of every dialect.", None),
        _pure("figures", "programs", "What many values come to.", None),
        _doing("report", "programs", "Results as tables, files and pages.", None),
        _doing("material", "programs", "What is said to a server, and what is heard in it.", None),
    ),
)

ROOMS: Final = GROUND + _UTTERANCE + _WIRE + _DOING + _PROGRAMS
"""The house, in reading order. A new room gets a line here, and its `__init__.py` says the same."""

FILES: Final = frozenset("errors vocabulary languages acting.timeline acting.variation".split())
"""Rooms of a single file."""

ROOT: Final = {"__init__": "", "__main__": "cli"}
"""The package's own files outside of all rooms, and the room that each may import."""

PROGRAMS_OPENED_BY_NAME: Final = {"cli": "bench conformance"}
"""Programs never import one another, but the command line opens both others."""

EXCEPTIONS: Final[dict[str, tuple[str, str]]] = {
    "conversation.setup": ("hearing text", "names their Options, to hand them on whole"),
    "config.load": ("engines.tables", "names the engines' own Options; no library is loaded by it"),
}
"""Module -> what it alone may import beside its room's row, and why."""

DOORS: Final = frozenset({"client", "cli", "bench"})
"""Rooms whose `__init__.py` may hold more than its line: `from voice_avatar.client import connect`
is the SDK's door, and programs may hold what they must."""

DATA_READERS: Final = frozenset(
    """
    vocabulary languages acting.clips.library acting.face.tables acting.gesture.rules
    acting.gesture.word_feelings acting.mouth.viseme_tables config.load personas.persona
    """.split()
)
"""Pure modules, or rooms of them, that read the package's own data, the same for everybody."""

_TESTED: Final = {
    # Values and protocols without a line to run: where they are used.
    "bench/callers/test_call.py": "bench.targets.target",
    "bench/figures/test_turns.py": "bench.figures.line_events",
    "bench/material/test_pauses.py": "bench.figures.clip",
    "bench/report/test_files.py": "bench.figures.results",
    "config/test_load.py": "config.reports",
    "conversation/test_session.py": "conversation.options",
    "pipeline/test_answers.py": "pipeline.owner",
    "pipeline/test_reply_run.py": "pipeline.marks",
    "recording/test_recorder.py": "pipeline.tape",
    "server/test_casting.py": "conversation.setup",
    "server/entrance/test_door.py": "server.entrance.door_connection server.entrance.doorstep"
    " server.entrance.listener",
    "telemetry/test_metrics.py": "server.meter",
    # Each family's messages are compared with the notices that they tell.
    "wire/test_telling.py": "wire.cue_messages wire.session_messages wire.turn_messages",
    # A check is tested by breaking what it checks: our server passes, a broken one does not.
    "conformance/test_checker.py": "conformance.probe conformance.rules.frames"
    " conformance.rules.opening conformance.rules.replies conformance.rules.resume",
    # What is written is compared with the committed file.
    "conformance/documents/test_protocol_schema.py": "conformance.documents.protocol_tables",
    "conformance/vectors/test_golden.py": "conformance.vectors.__main__"
    " conformance.vectors.examples",
    "client/rules/test_reactions.py": "conformance.vectors.sessions",
    # What needs its other half: a server, a socket, a loudspeaker, a library or a model.
    "bench/callers/test_fuzz_lives.py": "bench.callers.fuzz_crowd bench.callers.fuzz_line",
    "bench/measures/test_fuzz.py": "bench.callers.neighbour bench.callers.victim"
    " bench.callers.watch bench.material.raw_frames",
    "bench/measures/test_attacks.py": "bench.attacks.attack bench.attacks.trial",
    "bench/measures/test_soak.py": "bench.callers.soak_lives bench.callers.soak_user",
    "bench/measures/test_body.py": "bench.figures.body",
    "bench/measures/test_interrupt.py": "bench.callers.own_server",
    "bench/measures/test_load.py": "bench.figures.load",
    "bench/measures/test_v2v.py": "bench.targets.avatar",
    "bench/targets/test_pipecat.py": "bench.targets.pipecat_frames",
    "cli/test_main.py": "__main__",
    "client/test_connection.py": "client.inbox",
    "engines/apart/test_llamacpp_process.py": "engines.apart.llamacpp_child",
    "engines/test_silero_vad.py": "engines.onnx_cpu",
    "real/test_vllm_llm.py": "engines.vllm_llm",
    # The dialect, event by event, against OpenAI's documents.
    "realtime/test_dialect.py": "realtime.steps",
}
TESTED_ELSEWHERE: Final = {name: file for file, names in _TESTED.items() for name in names.split()}
"""Module, or room of `TESTED_AS_ONE`, without a test file of its own -> the test file."""

TESTED_AS_ONE: Final[dict[str, str]] = {}
"""Rooms, all of whose modules without a test file of their own one file tests, and why."""

PLAN: Final[Plan] = Plan(
    rooms=ROOMS,
    ground=GROUND,
    root=ROOT,
    opened_by_name=PROGRAMS_OPENED_BY_NAME,
    exceptions=EXCEPTIONS,
    doors=DOORS,
    data_readers=DATA_READERS,
    tested_elsewhere=TESTED_ELSEWHERE,
    tested_as_one=TESTED_AS_ONE,
)
"""All of it, as the law asks for it."""

if __name__ == "__main__":
    from kit.house_documents import main

    raise SystemExit(main())
