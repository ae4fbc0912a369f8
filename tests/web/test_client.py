"""The client library of the page in node: golden vectors, its parts, and live conversations."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import pytest
from kit.edge import engines, running
from kit.node import FOLDER, ROOT, node, run_node

from voice_avatar.engines.scripted import ScriptedLlm, ScriptedTts

STORY = "Once upon a time there was a very small lighthouse on a rock that nobody knew."


def test_the_client_passes_every_golden_vector() -> None:
    assert "# fail 0" in run_node("client_vectors.test.mjs")


def test_the_parts_of_the_client_do_what_they_say() -> None:
    parts = ("client_audio.test.mjs", "client_acting.test.mjs", "client_session.test.mjs")
    assert "# fail 0" in run_node(*parts)


@pytest.mark.web
@pytest.mark.parametrize("project", ["tsconfig.json", "tsconfig.page.json"])
def test_the_types_of_the_client_and_of_the_page_are_right(project: str) -> None:
    tsc = shutil.which("tsc", path=str(ROOT / "build" / "web" / "node_modules" / ".bin"))
    if tsc is None:
        pytest.skip("TypeScript is not here: make test-web fetches it with npm")
    node()
    done = subprocess.run(
        [tsc, "-p", str(FOLDER / project)], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.realtime
async def test_the_client_talks_to_a_live_server() -> None:
    node()

    voice = ScriptedTts(symbol_samples=800)
    loaded = engines(llm=ScriptedLlm((STORY,)), tts=voice)
    async with running(loaded) as run:
        port = str(run.server.port)
        said = await asyncio.to_thread(
            run_node, "client_live.test.mjs", env={"VOICE_AVATAR_PORT": port}
        )
    assert "# fail 0" in said
