"""Conversations on the page: a real browser, the live server, the real models (`make test-web`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kit.browser import CHROMIUM, FLAT, Page, browser
from kit.page_probe import LISTEN, PICTURES, STATE, WATCH, Track, clean, logged, mouth_lag_ms, seen

from voice_avatar.acting.mouth.viseme_tables import VISEMES
from voice_avatar.server.port import AvatarServer

pytestmark = [
    pytest.mark.web,
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

FRAME_MS = 1000 / 60
SILENT_WITHIN_MS = 200
STORY = "Tell me a long story about a castle, a dragon and a brave knight."

NOTE_THE_CUT = """(() => {
  const { client } = voiceAvatar;
  let cutMs = null;
  const note = () => {
    if (cutMs === null) [cutMs, window.latenessMs] = [performance.now(), 0];
  };
  client.addEventListener("reply.paused", note);
  client.addEventListener("reply.resumed", () => { cutMs = null; });
  client.addEventListener("reply.interrupted", () => {
    note();
    const { text, struckFrom } = client.sample().captions;
    const heard = text.slice(0, struckFrom ?? text.length);
    setTimeout(() => {
      window.cut = { silentMs: lastSoundMs - cutMs, latenessMs, heard };
    }, 400);
  }, { once: true });
})()"""


@pytest.fixture
def host(talker: AvatarServer) -> str:
    return f"127.0.0.1:{talker.port}"


async def live(page: Page, host: str) -> None:
    """Opens the page and begins a conversation by typing."""
    await page.open(f"http://{host}/")
    await page.click("#type-button")
    await page.until("voiceAvatar.client.connectionState === 'live'")


async def test_a_spoken_conversation_of_two_turns(
    host: str, recording: Callable[..., Path]
) -> None:
    questions = recording(1.0, "What is your name?", 25.0, "Where can I find the museum?", 60.0)
    async with browser(questions, scripts=(FLAT,)) as page:
        await page.open(f"http://{host}/")
        await page.run(WATCH)
        await page.run("voiceAvatar.toggle('hud')")
        await page.click("#start-button")
        await page.until("document.querySelector('.line.you:not(.interim)')")
        await page.until("document.querySelector('#caption .now')")
        assert await page.run(STATE) == "speaking"
        await page.until("document.querySelector('.line.avatar.over')")
        await page.until("document.querySelectorAll('.line.you:not(.interim)').length > 1", 90)
        await page.until("document.querySelectorAll('.line.avatar.over').length > 1", 90)
        said = await page.run("[...document.querySelectorAll('.line.you')].map(l => l.textContent)")
        await page.run("voiceAvatar.client.mute(true)")
        shown = await page.run("document.getElementById('hud-v2v').textContent")
        for _ in range(6):  # a machine with much else to do draws little
            if await page.run("voiceAvatar.frames.filter((one) => one.isSpeaking).length") > 30:
                break
            await page.types(STORY)
            await page.until("document.querySelector('.line.avatar:last-of-type.over')", 120)
        frames = await page.run("voiceAvatar.frames")
        reports = await page.run("voiceAvatar.reports")
        messages = await logged(page)
        await clean(page, host)

    assert "name" in said[0].lower()
    assert "museum" in said[-1].lower()
    assert [m for m in messages if m.get("type") == "gesture"]
    assert any(frame["gestures"] for frame in frames)
    latencies = [m["voice_to_voice_ms"] for m in messages if m.get("type") == "latency"]
    assert len(latencies) >= 2
    assert shown == f"{latencies[-1]:.0f} ms"

    pictures = seen(frames, reports, messages)
    offset_ms = np.median([one.picture["replyMs"] - one.heard_ms for one in pictures])
    lag_ms = mouth_lag_ms(pictures, VISEMES)
    print(json.dumps({"pictures": len(pictures), "mouth_lag_ms": lag_ms, "offset_ms": offset_ms}))
    moved = [one.picture["weights"].get("viseme_aa", 0) for one in pictures]
    assert np.ptp(moved) > 0.1
    assert abs(lag_ms) <= FRAME_MS, "the mouth as it is drawn, against the track"
    assert abs(offset_ms) <= FRAME_MS, "the time that is shown, against the reports"


async def test_the_figure_moves_its_mouth_as_the_server_planned_it(host: str) -> None:
    async with browser() as page:
        await page.size(320, 400)  # software draws it
        await live(page, host)
        await page.run(WATCH)
        for _ in range(5):
            await page.types(STORY)
            await page.until("document.querySelector('.line.avatar:last-of-type.over')", 120)
            if await page.run("voiceAvatar.frames.filter((one) => one.isSpeaking).length") > 10:
                break
        frames = await page.run("voiceAvatar.frames")
        messages = await logged(page)
        await clean(page, host)
    spoken = [frame for frame in frames if frame.get("isSpeaking")]
    tracks = {frame["reply"]: Track(messages, frame["reply"]) for frame in spoken}
    off = [
        max(
            abs(
                frame["weights"].get(f"viseme_{name}", 0.0)
                - float(tracks[frame["reply"]].at(np.array([frame["replyMs"]]), number)[0])
            )
            for number, name in enumerate(VISEMES)
        )
        for frame in spoken
    ]
    print(
        json.dumps(
            {"pictures": len(spoken), "off_the_track": [round(x, 2) for x in off if x > 0.05]}
        )
    )
    # Where a message came later than its sound, the mouth has nothing to go by.
    assert np.mean(np.array(off) <= 0.05) > 0.8


async def test_a_voice_over_the_reply_silences_it_within_200_ms_and_strikes_what_was_not_heard(
    host: str, recording: Callable[..., Path]
) -> None:
    interruption = recording(1.0, "Wait, stop. Where can I find the museum?", 60.0)
    async with browser(interruption, scripts=(FLAT, LISTEN)) as page:
        await live(page, host)
        await page.types(STORY)
        await page.until("document.querySelector('.line.avatar .said')")
        await page.run(NOTE_THE_CUT)
        await page.click("#mute-button")
        await page.until("window.cut")
        cut = await page.run("window.cut")
        await page.until("document.querySelector('.line.avatar .cut')")
        kept = await page.run("document.querySelector('.line.avatar .said').textContent")
        await page.picture(PICTURES / "interrupted.png")
        await page.until("[...document.querySelectorAll('.line.you')].length > 1")
        await page.until("document.querySelectorAll('.line.avatar.over').length > 1", 90)
        messages = await logged(page)
        await clean(page, host)
    print(json.dumps(cut))
    (over, *_) = [m for m in messages if m.get("type") == "reply.done"]
    assert over["status"] == "interrupted"
    assert kept == over["spoken_text"] == cut["heard"]
    spoken = " ".join(m["text"] for m in messages if m.get("type") == "transcript.final").lower()
    assert "stop" in spoken or "museum" in spoken
    assert cut["silentMs"] - cut["latenessMs"] < SILENT_WITHIN_MS


async def test_stop_silences_within_200_ms_and_strikes_what_was_not_heard(host: str) -> None:
    async with browser(scripts=(FLAT, LISTEN)) as page:
        await live(page, host)
        await page.types(STORY)
        await page.until("document.querySelector('.line.avatar .said')")
        pressed_ms = await page.run("window.latenessMs = 0, performance.now()")
        await page.press("Escape", "Escape")
        await page.until("document.querySelector('.line.avatar .cut')")
        await page.until("performance.now() - window.lastSoundMs > 400")
        silent_ms = await page.run("window.lastSoundMs") - pressed_ms
        lateness_ms = await page.run("window.latenessMs")
        assert await page.run('voiceAvatar.log.text().includes(\'"state":"stopped"\')')
        await clean(page, host)
    print(json.dumps({"stop_to_silence_ms": round(silent_ms), "lateness_ms": round(lateness_ms)}))
    assert silent_ms - lateness_ms < SILENT_WITHIN_MS


async def test_with_push_to_talk_only_what_is_said_while_the_key_is_down_is_heard(
    host: str, recording: Callable[..., Path]
) -> None:
    manual = FLAT.replace("flat: true", 'flat: true, endpointing: "manual"')
    question = recording(3.0, "Where can I find the museum?", 1.0)
    async with browser(question, scripts=(manual, LISTEN)) as page:
        await live(page, host)
        await page.click("#mute-button")
        await page.until("voiceAvatar.client.input.isOpen")
        await page.until("voiceAvatar.client.input.level >= 0 && window.framesSent === 0")
        await page.run("document.activeElement.blur()")
        await page.key("keyDown", " ", "Space")
        assert await page.run("document.getElementById('ptt-button').className") == "hold down"
        await page.until("voiceAvatar.client.input.level > 0.02")
        await page.until("window.framesSent > 50 * 5.5")
        await page.key("keyUp", " ", "Space")
        sent = await page.run("window.framesSent")
        await page.until("document.querySelector('.line.you:not(.interim)')")
        said = await page.run("document.querySelector('.line.you').textContent")
        await page.until("document.querySelector('.line.avatar.over')")
        assert await page.run("window.framesSent") <= sent + 1
        messages = await logged(page)
        await clean(page, host)
    assert "museum" in said.lower()
    assert [m["mode"] for m in messages if m.get("type") == "input.start"] == ["ptt"]
    assert [m["reason"] for m in messages if m.get("type") == "turn.ended"] == ["ptt"]


async def test_a_lost_connection_resumes_the_same_session(host: str, talker: AvatarServer) -> None:
    async with browser(scripts=(FLAT,)) as page:
        await live(page, host)
        before = await page.run("voiceAvatar.client.session.session_id")
        (connection,) = talker._carriers
        connection._socket.transport.abort()
        await page.until("voiceAvatar.log.text().includes('session.resumed')")
        assert await page.run("voiceAvatar.client.session.session_id") == before
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar.over')")
