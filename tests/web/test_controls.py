"""The page's controls in a real browser: pickers, files, keys, screen readers, phones, headsets."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from kit.browser import CHROMIUM, FLAT, Page, browser
from kit.page_probe import PICTURES, ROOT, STATE, clean, logged

from voice_avatar.server.port import AvatarServer

pytestmark = [
    pytest.mark.web,
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

AVATARS = ROOT / "voice_avatar" / "web" / "avatars"
EMULATOR = ROOT / "build" / "web" / "node_modules" / "iwer" / "build" / "iwer.min.js"
NO_WEBGL = """
HTMLCanvasElement.prototype.getContext = ((get) => function (kind, ...more) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
})(HTMLCanvasElement.prototype.getContext);
"""
HEADSET = """
Object.defineProperty(Navigator.prototype, "xr", {
  get() { return this.__xr; }, set(xr) { this.__xr = xr; }, configurable: true,
});
"""
"""Chromium's own, which is in the emulator's way, and which it will not replace."""

WORST_CONTRAST = """(() => {
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (...layers) => {
    for (const css of layers) {
      brush.fillStyle = css;
      brush.fillRect(0, 0, 1, 1);
    }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const groundOf = (node) => {
    if (!node) return "rgb(0, 0, 0)";
    return `rgb(${rgb(groundOf(node.parentElement), getComputedStyle(node).backgroundColor)})`;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const box = texts.currentNode.parentElement;
    const isSeen = texts.currentNode.data.trim() && box.offsetParent;
    if (!isSeen || box.closest(".stage > *, :disabled, .unseen")) continue;
    const ground = groundOf(box);
    const pair = [rgb(ground, getComputedStyle(box).color), rgb(ground)].map(light);
    found.push([Math.max(...pair) / Math.min(...pair), box.textContent.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0])[0];
})()"""
"""Ratio and text of what stands out least: each text that is seen, against what is under it."""

NAMED = frozenset({"button", "textbox", "combobox", "slider", "checkbox", "meter", "link"})
"""Roles that say nothing without a name."""


@pytest.fixture
def host(talker: AvatarServer) -> str:
    return f"127.0.0.1:{talker.port}"


async def live(page: Page, host: str) -> None:
    """Opens the page and begins a conversation by typing."""
    await page.open(f"http://{host}/")
    await page.click("#type-button")
    await page.until("voiceAvatar.client.connectionState === 'live'")


async def test_a_denied_microphone_is_explained_and_typing_goes_on(host: str) -> None:
    async with browser(denied=True, scripts=(FLAT,)) as page:
        await page.open(f"http://{host}/")
        await page.click("#start-button")
        await page.until("!document.getElementById('notice').hidden")
        assert "microphone" in await page.run("document.getElementById('notice-title').textContent")
        assert await page.run("document.querySelectorAll('#notice-steps li').length") > 1
        await page.picture(PICTURES / "denied.png")
        await page.click("#notice-type")
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar .said')")
        await clean(page, host)


async def test_without_webgl_there_is_a_drawn_face_that_speaks(host: str) -> None:
    async with browser(scripts=(NO_WEBGL,)) as page:
        await live(page, host)
        assert await page.run("voiceAvatar.view.kind") == "2d"
        lips = "document.querySelector('#face2d [data-part=lips]').getAttribute('d')"
        await page.until(lips)
        await page.run(
            "window.lips = new Set();"
            f"setInterval(() => {{ if ({STATE} === 'speaking') lips.add({lips}); }}, 20)"
        )
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar.over')")
        await page.picture(PICTURES / "flat.png")
        assert await page.run("lips.size") > 5
        await clean(page, host)


def tiny_glb(folder: Path) -> Path:
    """Writes a triangle that has two shapes that we know, and one that we don't."""
    points = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Head"}],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {"POSITION": 0}, "targets": [{"POSITION": 0}] * 3},
                ],
                "extras": {"targetNames": ["viseme_aa", "jaw_Open", "wings"]},
            }
        ],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 3,
                "type": "VEC3",
                "min": [0, 0, 0],
                "max": [1, 1, 0],
            }
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(points)}],
        "buffers": [{"byteLength": len(points)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(points), b"BIN\0") + points
    file = folder / "tiny.glb"
    file.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return file


async def test_an_avatar_dropped_on_the_page_is_shown_and_what_was_found_in_it_is_told(
    host: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.vrm"
    broken.write_bytes(b"glTF, or not")
    text = tmp_path / "notes.txt"
    text.write_text("no avatar")
    note = "[...document.querySelectorAll('.line.note')].at(-1)?.textContent"
    async with browser() as page:
        await page.open(f"http://{host}/")
        summary = "document.getElementById('mapping-summary').textContent"
        await page.until(f"{summary}.startsWith('Ava')")
        await page.drops(text)
        await page.until(f"{note}?.includes('no .vrm or .glb')")
        await page.drops(broken)
        await page.until(f"{note}?.includes('broken.vrm can')")
        assert await page.run(f"{summary}.startsWith('Ava')"), "the one before stays"
        await page.drops(tiny_glb(tmp_path))
        await page.until(f"{summary}.startsWith('tiny.glb')")
        assert "1 of 15 visemes, 1 of 52 face shapes, 1 of 15 bones" in await page.run(summary)
        report = await page.run("document.getElementById('mapping-report').textContent")
        assert "GLB" in report
        assert "Visemes missing: sil, PP" in report
        assert "mouthSmileLeft" in report
        await page.drops(AVATARS / "leo.vrm")
        await page.until(f"{summary}.startsWith('leo.vrm')")
        assert "15 of 15 visemes, 52 of 52 face shapes, 15 of 15 bones" in await page.run(summary)
        assert await page.run("!document.getElementById('stage').classList.contains('dragging')")
        assert await page.run("document.getElementById('avatar-select').value") == "file:leo.vrm"
        await page.chooses("#avatar-select", "file:tiny.glb")
        await page.until(f"{summary}.startsWith('tiny.glb')")
        await page.chooses("#avatar-select", "ava")
        await page.until(f"{summary}.startsWith('Ava')")
        await page.run(
            "voiceAvatar.settings.open(), document.getElementById('mapping').open = true"
        )
        await page.picture(PICTURES / "mapping.png")
        assert page.foreign(host) == []


async def test_persona_voice_language_and_microphone_can_be_chosen(host: str) -> None:
    async with browser(scripts=(FLAT,)) as page:
        await live(page, host)
        await page.until("document.activeElement.id === 'say-text'")
        await page.press("s")
        assert not await page.run("document.getElementById('settings').open"), "s was typed"
        await page.click("#settings-button")
        await page.until("document.getElementById('settings').open")
        offered = "[...document.getElementById('{}-select').options].map(one => one.value)"
        assert await page.run(offered.format("voice")) == ["en_US-joe-medium"]
        assert "fr" in await page.run(offered.format("language"))
        await page.chooses("#language-select", "fr")
        await page.until("voiceAvatar.client.session.settings.language === 'fr'")

        before = await page.run("voiceAvatar.client.session.session_id")
        await page.run("document.getElementById('persona-text').value = 'ava'")
        await page.run("document.getElementById('persona-text').dispatchEvent(new Event('change'))")
        await page.until(f"voiceAvatar.client.session.session_id !== '{before}'")
        await page.until("voiceAvatar.client.session.settings.persona === 'ava'")

        await page.run("document.getElementById('settings').close()")
        await page.click("#mute-button")
        await page.until("voiceAvatar.client.input.isOpen")
        devices = await page.run(offered.format("device"))
        assert len(devices) > 1
        asked = "voiceAvatar.client.microphone.settings?.deviceId"
        await page.chooses("#device-select", devices[-1])
        await page.until(f"{asked} === {json.dumps(devices[-1])}")
        await page.run("document.getElementById('echo-check').click()")
        await page.until("voiceAvatar.client.microphone.settings?.echoCancellation === false")
        kept = await page.run("JSON.parse(localStorage.getItem('voice-avatar'))")
        assert kept["device"] == devices[-1]
        assert kept["echo"] is False
        assert page.errors == []


async def test_every_control_has_a_name_and_can_be_reached_by_keys(host: str) -> None:
    focused = "document.activeElement.id || document.activeElement.className"
    async with browser(scripts=(FLAT,)) as page:
        await page.size(1280, 800)
        await page.open(f"http://{host}/")
        seen = []
        for _ in range(20):
            await page.press("Tab", "Tab")
            seen.append(await page.run(focused))
        assert seen[0] == "skip", "the first key leads over the pictures"
        assert {"start-button", "type-button", "settings-button", "lines", "say-text"} <= {*seen}
        await page.run("document.getElementById('type-button').focus()")
        await page.press("Enter", "Enter")
        await page.until("voiceAvatar.client.connectionState === 'live'")
        nameless = [pair for pair in await page.accessible() if pair[0] in NAMED and not pair[1]]
        assert nameless == []
        await page.until(f"{focused} === 'say-text'")  # who types can type at once
        await page.press("Escape", "Escape")
        for key, panel in (("l", "hud"), ("d", "debug")):
            await page.press(key)
            assert await page.run(f"!document.getElementById('{panel}').hidden")
            button = f"document.getElementById('{panel}-button')"
            assert await page.run(f"{button}.getAttribute('aria-expanded')") == "true"
            await page.press(key)
            assert await page.run(f"document.getElementById('{panel}').hidden")
        await page.press("s")
        await page.until("document.getElementById('settings').open")
        nameless = [pair for pair in await page.accessible() if pair[0] in NAMED and not pair[1]]
        assert nameless == []
        await page.picture(PICTURES / "settings.png")
        await page.press("Escape", "Escape")
        await page.until("!document.getElementById('settings').open")
        await page.press("t")
        assert await page.run(focused) == "say-text"
        await page.press("l")
        assert await page.run("document.getElementById('hud').hidden"), "l was typed"
        await page.press("Escape", "Escape")
        await page.press("m")
        await page.until("voiceAvatar.client.input.isOpen")
        await page.press("m")
        assert await page.run("voiceAvatar.client.input.isMuted")
        mute = "document.getElementById('mute-button').getAttribute('aria-pressed')"
        assert await page.run(mute) == "true"
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar.over')")
        spoken = await page.run("document.getElementById('live').textContent")
        assert spoken.startswith("Avatar: ")
        assert len(spoken) > len("Avatar: ")
        await clean(page, host)


@pytest.mark.parametrize(
    ("name", "width", "height"), [("phone", 360, 740), ("phone-lying", 740, 360)]
)
async def test_on_a_phone_everything_is_in_sight_and_large_enough_for_a_thumb(
    host: str, name: str, width: int, height: int
) -> None:
    async with browser() as page:
        await page.size(width, height, is_phone=True)
        await live(page, host)
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar .said')")
        await page.picture(PICTURES / f"{name}.png")
        assert await page.run(f"document.documentElement.scrollWidth <= {width}")
        outside = await page.run(
            "[...document.querySelectorAll('button, input')].filter((one) => one.offsetParent)"
            ".map((one) => [one.id || one.className, one.getBoundingClientRect()])"
            f".filter(([, at]) => at.left < 0 || at.right > {width} || at.top < 0"
            f"|| at.bottom > {height} || at.width < 38 || at.height < 38).map(([name]) => name)"
        )
        assert outside == []
        face = await page.run("document.getElementById('stage').getBoundingClientRect().height")
        assert face > height * 0.5
        await clean(page, host)


async def test_with_less_motion_nothing_moves_but_what_is_said(host: str) -> None:
    async with browser(scripts=(FLAT,)) as page:
        await live(page, host)
        assert await page.run("voiceAvatar.view.isCalm") is False
        await page.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
        )
        await page.until("voiceAvatar.view.isCalm")
        chip = "getComputedStyle(document.querySelector('.chip i')).animationName"
        await page.run(
            "window.moved = new Set(), window.head = document.querySelector('[data-part=head]'),"
            f"setInterval(() => {{ moved.add({chip});"
            "if (document.documentElement.dataset.state === 'idle')"
            "moved.add(head.getAttribute('transform')) }, 50)"
        )
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar.over')")
        assert "none" in await page.run("[...moved]")
        assert not [one for one in await page.run("[...moved]") if one in ("beat", "blink")]
        await page.command("Emulation.setEmulatedMedia", features=[])
        await page.until("!voiceAvatar.view.isCalm")


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_text_stands_out_from_its_ground(host: str, theme: str) -> None:
    async with browser(scripts=(FLAT,)) as page:
        await page.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": theme}],
        )
        await page.size(1280, 800)
        await live(page, host)
        await page.types("Hello!")
        await page.until("document.querySelector('.line.avatar .said')")
        ratio, text = await page.run(WORST_CONTRAST)
        assert ratio >= 4.5, text
        await page.until("document.querySelector('.line.avatar.over')")
        await page.picture(PICTURES / f"{theme}.png")
        await page.run("voiceAvatar.settings.open()")
        ratio, text = await page.run(WORST_CONTRAST)
        assert ratio >= 4.5, text
        await page.picture(PICTURES / f"{theme}-settings.png")


async def test_a_headset_shows_the_avatar_at_its_size_and_the_server_is_told_of_the_head(
    host: str,
) -> None:
    if not EMULATOR.exists():
        pytest.skip("the emulator of a headset is not here: make test-web fetches it with npm")
    wear = "new IWER.XRDevice(IWER.metaQuest3).installRuntime();"
    async with browser(scripts=(HEADSET + EMULATOR.read_text() + ";" + wear,)) as page:
        await page.size(320, 240)  # software draws it, twice
        await live(page, host)
        await page.until("!document.getElementById('vr-button').hidden")
        await page.click("#vr-button")
        await page.until("voiceAvatar.view.isPresenting")
        await page.until("voiceAvatar.view.stage.renderer.xr.getCamera().cameras.length === 2")
        told = "voiceAvatar.log.text().match(/user.gaze/g)?.length"
        await page.until(f"{told} > 2")
        gaze = [m for m in await logged(page) if m.get("type") == "user.gaze"][-1]
        x, eyes, z = gaze["avatar"]
        assert (x, z) == (0, 0)
        assert 1.4 < eyes < 1.75, "the height of a person, metres"
        user = gaze["head"]["pos"]
        assert 0.8 < user[2] < 2.0, "as far away as people stand, metres"
        assert 1.3 < user[1] < 1.9
        assert abs(sum(part * part for part in gaze["head"]["rot"]) - 1) < 1e-3
        apart = (
            "(([left, right]) => left.matrixWorld.elements[12] - right.matrixWorld.elements[12])"
            "(voiceAvatar.view.stage.renderer.xr.getCamera().cameras)"
        )
        assert 0.05 < abs(await page.run(apart)) < 0.08, "two eyes, metres apart"
        await page.picture(PICTURES / "headset.png")
        await page.until("document.getElementById('vr-button').textContent === 'Leave VR'")
        await page.click("#vr-button")
        await page.until("!voiceAvatar.view.isPresenting")
        assert page.errors == []


async def test_a_token_does_not_stay_in_the_address(host: str) -> None:
    async with browser(scripts=(FLAT,)) as page:
        await page.open(f"http://{host}/?token=secret")
        assert "secret" not in await page.run("location.href")
        await page.click("#type-button")
        await page.until("voiceAvatar.client.connectionState === 'live'")
        assert "secret" not in await page.run("voiceAvatar.log.text()")
        await page.command("Page.navigate", url="about:blank")
        await page.open(f"http://{host}/#token=secret")
        assert "secret" not in await page.run("location.href")
        assert await page.run("sessionStorage.getItem('voice-avatar token')") == "secret"
