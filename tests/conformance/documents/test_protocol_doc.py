"""PROTOCOL.md says everything that the code knows, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.audio import opus
from voice_avatar.conformance.documents.message_schemas import CLIENT_MESSAGES, SERVER_MESSAGES, tag
from voice_avatar.conversation.states import TRANSITIONS
from voice_avatar.vocabulary import vocabulary
from voice_avatar.wire import frame_codec
from voice_avatar.wire.codes import CLOSE_CODES, ERROR_CODES, WARNING_CODES, CloseCode
from voice_avatar.wire.fields import (
    HELLO_TIMEOUT_S,
    MAX_AHEAD_S,
    MAX_TEXT_BYTES,
    PATH,
    REPORT_INTERVAL_S,
    SLOW_CONSUMER_CLOSE_S,
    SUBPROTOCOL,
    Part,
)

TEXT = (Path(__file__).parents[3] / "unity_client_protocol" / "PROTOCOL.md").read_text("utf-8")


def section(title: str) -> str:
    """The text below a heading of level three, up to the next heading."""
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"no section {title}"
    return found[1]


@pytest.mark.parametrize("kind", [*CLIENT_MESSAGES, *SERVER_MESSAGES])
def test_every_message_has_a_section_with_all_of_its_fields(kind: type) -> None:
    text = section(f"`{tag(kind)}`")
    for name in set(kind.__struct_fields__) - {"seq", "ts_ms"}:
        assert f"| `{name}` |" in text


@pytest.mark.parametrize("kind", Part.__subclasses__())
def test_every_object_has_a_section_with_all_of_its_fields(kind: type[Part]) -> None:
    text = section(f"`{kind.__name__}`")
    for name in kind.__struct_fields__:
        assert f"| `{name}` |" in text


def test_every_code_is_listed() -> None:
    for close in CloseCode:
        assert f"| {close.value} |" in section("Close codes")
    for code in ERROR_CODES:
        assert f"| `{code}` |" in section("Errors")
    for code in WARNING_CODES:
        assert f"| `{code}` |" in section("Warnings")
    assert set(CLOSE_CODES) == set(CloseCode)


def test_every_warning_and_error_that_the_code_sends_is_in_the_tables() -> None:
    source = Path(__file__).parents[3] / "voice_avatar"
    sent = {
        "Warning": (r'(?:WarningNotice|_warn)\(\s*"([a-z_]+)"', WARNING_CODES),
        "Error": (r'ErrorNotice\(\s*"([a-z_]+)"', ERROR_CODES),
        "Closing": (r'Closing\([A-Za-z_.\s]+,\s*"([a-z_]+)"', ERROR_CODES),
    }
    for pattern, table in sent.values():
        for path in source.glob("*.py"):
            for code in re.findall(pattern, path.read_text("utf-8")):
                assert code in table, f"{path.name} sends {code}"


def test_the_state_diagram_is_the_state_table() -> None:
    block = re.search(r"stateDiagram-v2\n(.*?)```", TEXT, re.DOTALL)
    assert block
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)", block[1], re.MULTILINE))
    assert drawn == {(old.value, new.value) for (old, _), new in TRANSITIONS.items()}


def test_names_of_visemes_and_movements_are_listed() -> None:
    for name, names in VISEME_SETS.items():
        assert f"| `{name}` | {' '.join(names)} |" in TEXT
    words = vocabulary()
    for name in (*words.gestures, *words.expressions):
        assert f"| `{name}` |" in TEXT


def test_figures_of_the_text_are_those_of_the_code() -> None:
    for figure in (
        f"({MAX_TEXT_BYTES} bytes of UTF-8)",
        f"({frame_codec.MAX_BINARY_BYTES} bytes,",
        f"within {HELLO_TIMEOUT_S:g} s of the handshake",
        f"a burst of {frame_codec.MIC_BURST_S:g} s",
        f"{frame_codec.MIC_OVERRUN_CLOSE_S:g} s of it close",
        f"({MAX_AHEAD_S * 1000:g} unless configured)",
        f"does not read for {SLOW_CONSUMER_CLOSE_S:g} s",
        f"every {REPORT_INTERVAL_S * 1000:g} ms while it plays",
        f"`{SUBPROTOCOL}`",
        PATH,
        ", ".join(str(rate) for rate in opus.OPUS_RATES_HZ[:-1]),
    ):
        assert figure in " ".join(TEXT.split()), figure


def test_the_frame_of_the_text_is_the_frame_of_the_code() -> None:
    frame = frame_codec.AudioFrame(
        frame_codec.FrameKind.AUDIO_OUT,
        7,
        0,
        480,
        b"\x01\x00\xff\xff",
        frame_codec.FrameFlag.START,
    )
    assert frame_codec.pack_audio(frame).hex(" ") in re.sub(r" +", " ", TEXT)


def test_every_link_inside_the_text_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings
