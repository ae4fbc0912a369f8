"""Debian's Chromium, headless, driven over the DevTools protocol: for the tests of the page."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
"""The browser; None = it is not installed."""

_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--window-size=640,480",  # a processor draws it: no more than is looked at
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--remote-debugging-port=0",
    # WebGL without a graphics card
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)

FLAT: Final = 'localStorage.setItem("voice-avatar", JSON.stringify({ flat: true }))'
"""A script that chooses the drawn face: a tenth of the work, for what is not about the figure."""

_PATIENCE_S: Final = 60.0
"""Longest wait for anything, where all of a machine's cores are taken by others."""

_WATCH: Final = """
window.policyViolations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class PageError(Exception):
    """JavaScript in the page threw, or what was waited for did not come."""


class Page:
    """One tab.

    Attributes:
        requests: addresses that were asked for, in order.
        errors: what the console, the network and uncaught exceptions told, in order.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._urls: dict[str, str] = {}
        self.requests: list[str] = []
        self.errors: list[str] = []

    async def listen(self) -> None:
        """Takes what the browser says until it closes. Runs as a task."""
        async for text in self._socket:
            said = json.loads(text)
            if "id" in said:
                answer = self._answers.pop(said["id"], None)
                if answer and not answer.done():
                    answer.set_result(said)
            else:
                self._note(said["method"], said.get("params", {}))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self._urls[params["requestId"]] = params["request"]["url"]
                self.requests.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "assert"):
                self.errors.append(
                    " ".join(str(a.get("value", a.get("description"))) for a in params["args"])
                )
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                entry = params["entry"]
                self.errors.append(f"{entry['text']} {entry.get('url', '')}")

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a DevTools command and returns its result."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        said = await asyncio.wait_for(answer, 2 * _PATIENCE_S)
        if "error" in said:
            raise PageError(f"{method}: {said['error']['message']}")
        result: dict[str, Any] = said["result"]
        return result

    async def run(self, code: str) -> Any:
        """Evaluates an expression, waits if it is a promise, and returns its value."""
        result = await self.command(
            "Runtime.evaluate",
            expression=code,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    async def until(self, code: str, within_s: float = _PATIENCE_S) -> None:
        """Waits until an expression is true."""
        try:
            async with asyncio.timeout(within_s):
                while not await self.run(f"Boolean({code})"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise PageError(f"not within {within_s} s: {code}") from None

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)
        await self.until("document.documentElement?.dataset.page === 'ready'", 2 * _PATIENCE_S)

    async def click(self, selector: str) -> None:
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")

    async def key(self, kind: str, key: str, code: str = "") -> None:
        """Sends `keyDown` or `keyUp`; `code` is the key's own name where it is no letter."""
        number = {"Space": 32, "Escape": 27, "Tab": 9, "Enter": 13}.get(code, ord(key[0].upper()))
        typed = "\r" if key == "Enter" else key
        text = {"text": typed} if kind == "keyDown" and len(typed) == 1 else {}
        await self.command(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code=code or f"Key{key.upper()}",
            windowsVirtualKeyCode=number,
            **text,
        )

    async def press(self, key: str, code: str = "") -> None:
        """Presses a key and lets it go."""
        await self.key("keyDown", key, code)
        await self.key("keyUp", key, code)

    async def chooses(self, selector: str, value: str) -> None:
        """Chooses an option of a select."""
        await self.run(
            f"(box => {{ box.value = {json.dumps(value)};"
            "box.dispatchEvent(new Event('change', {bubbles: true})) })"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    async def drops(self, file: Path) -> None:
        """Drags a file into the middle of the page and drops it."""
        for kind in ("dragEnter", "dragOver", "drop"):
            await self.command(
                "Input.dispatchDragEvent",
                type=kind,
                x=150,
                y=150,
                data={"items": [], "files": [str(file)], "dragOperationsMask": 1},
            )

    async def accessible(self) -> list[tuple[str, str]]:
        """Returns role and name of everything that a screen reader sees."""
        tree = await self.command("Accessibility.getFullAXTree")
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in tree["nodes"]
            if not node["ignored"]
        ]

    async def types(self, text: str) -> None:
        """Writes into the text box of the page, and sends it."""
        await self.run(
            f"document.getElementById('say-text').value = {json.dumps(text)};"
            "document.getElementById('say-form').requestSubmit()"
        )

    async def size(self, width: int, height: int, *, is_phone: bool = False) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if is_phone else 1,
            mobile=is_phone,
        )

    async def picture(self, path: Path) -> Path:
        """Writes a screenshot and returns its path."""
        shot = await self.command("Page.captureScreenshot", format="png")
        await asyncio.to_thread(_write, path, base64.b64decode(shot["data"]))
        return path

    def foreign(self, host: str) -> list[str]:
        """Returns what was asked for of any other host."""
        asked = [urlsplit(url) for url in self.requests]
        return [
            url.geturl()
            for url in asked
            if url.netloc != host and url.scheme not in ("blob", "data")
        ]


@asynccontextmanager
async def browser(
    microphone: Path | None = None, *, denied: bool = False, scripts: tuple[str, ...] = ()
) -> AsyncIterator[Page]:
    """A browser with one empty tab.

    Args:
        microphone: a WAV that its microphone hears, once; None = a beep.
        denied: whether the user says no when asked for the microphone.
        scripts: what runs in the page before its own scripts.
    """
    assert CHROMIUM is not None
    heard = [] if microphone is None else [f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    asked = ["--deny-permission-prompts"] if denied else ["--use-fake-ui-for-media-stream"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile = f"--user-data-dir={folder}"
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *_FLAGS,
            *heard,
            *asked,
            profile,
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": folder},
        )
        try:
            async with _tab(Path(folder) / "DevToolsActivePort", scripts) as page:
                yield page
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def _tab(port_file: Path, scripts: tuple[str, ...]) -> AsyncIterator[Page]:
    port = await _port(port_file)
    targets = json.loads(await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/json"))
    address = next(one["webSocketDebuggerUrl"] for one in targets if one["type"] == "page")
    async with connect(address, max_size=None, compression=None) as socket:
        page = Page(socket)
        listening = asyncio.create_task(page.listen())
        try:
            for domain in ("Page", "Runtime", "Network", "Log"):
                await page.command(f"{domain}.enable")
            for script in (_WATCH, *scripts):
                await page.command("Page.addScriptToEvaluateOnNewDocument", source=script)
            yield page
        finally:
            # A session that is only cut off would be kept, with its reply.
            with suppress(PageError, TimeoutError, ConnectionClosed):
                await page.run("window.voiceAvatar?.client.stop()")
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def _port(file: Path) -> int:
    """Waits until the browser has written down where it listens."""
    async with asyncio.timeout(_PATIENCE_S):
        while "\n" not in (text := await asyncio.to_thread(_text, file)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return int(text.split("\n", 1)[0])


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _get(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body
