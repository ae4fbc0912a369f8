"""Plain answers of the server's port: the page and clips, packed and cached as HTTP has it."""

from __future__ import annotations

import gzip
import json
import posixpath
import re
from hashlib import sha256
from http import HTTPStatus
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers

from voice_avatar.acting.clips import library
from voice_avatar.server import http

WAVE = f"{http.CLIPS_PATH}/wave.vrma"


def test_the_index_lists_every_clip_with_the_hash_of_what_is_served() -> None:
    index = json.loads(http.clip_answer(http.CLIPS_PATH, Headers()).body)
    assert [clip["lexeme"] for clip in index["clips"]] == list(library.names())
    for clip in index["clips"]:
        body = http.clip_answer(f"/v1/{clip['url']}", Headers()).body
        assert (len(body), sha256(body).hexdigest()) == (clip["bytes"], clip["sha256"])


def test_all_clips_together_are_small_on_the_wire() -> None:
    packed = sum(len(one.packed) for one in http.clip_documents().values())
    assert packed < 300_000


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_a_clip_is_packed_for_those_who_take_that(accepted: str, is_packed: bool) -> None:
    plain = http.clip_answer(WAVE, Headers()).body
    response = http.clip_answer(WAVE, Headers({"Accept-Encoding": accepted}))
    assert (response.headers.get("Content-Encoding") == "gzip") is is_packed
    assert response.headers["Content-Length"] == str(len(response.body))
    assert (gzip.decompress(response.body) if is_packed else response.body) == plain
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_a_clip_already_is_told_so(form: str) -> None:
    first = http.clip_answer(WAVE, Headers())
    tag = form.format(first.headers["ETag"])
    again = http.clip_answer(WAVE, Headers({"If-None-Match": tag}))
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "max-age" in again.headers["Cache-Control"]
    other = http.clip_answer(WAVE, Headers({"If-None-Match": '"other"'}))
    assert other.status_code == 200


def test_other_answers_are_still_not_kept() -> None:
    assert http.web_answer("/x", Headers()).headers["Cache-Control"] == "no-store"
    assert http.clip_answer(f"{WAVE}x", Headers()).headers["Cache-Control"] == "no-store"


# -- the page

WEB = Path(str(resources.files("voice_avatar") / "web"))


def test_every_file_of_the_page_is_served_as_it_is_and_with_its_kind() -> None:
    files = [
        file
        for file in WEB.rglob("*")
        if file.suffix in http.WEB_KINDS and file.name not in http.BUILD_FILES
    ]
    assert {f"/{f.relative_to(WEB).as_posix()}" for f in files} | {"/"} == set(http.web_documents())
    for file in files:
        response = http.web_answer(f"/{file.relative_to(WEB).as_posix()}", Headers())
        assert response.status_code == 200
        assert response.body == file.read_bytes()
        assert response.headers["Content-Type"] == http.WEB_KINDS[file.suffix]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_modules_are_scripts_and_the_root_is_the_page() -> None:
    assert http.WEB_KINDS[".mjs"].startswith("text/javascript")
    root, index = (http.web_answer(path, Headers()) for path in ("/", "/index.html"))
    assert root.body == index.body
    assert root.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_page_may_run_its_own_scripts_only_and_ask_no_other_host() -> None:
    policy = http.web_answer("/", Headers()).headers["Content-Security-Policy"]
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    assert rules["default-src"] == rules["script-src"] == rules["worker-src"] == ["'self'"]
    assert rules["style-src"] == ["'self'"]
    for sources in rules.values():
        assert set(sources) <= {"'self'", "'none'", "blob:", "data:"}
    assert {"blob:", "data:"}.isdisjoint(rules["script-src"])


def test_nothing_in_the_page_breaks_its_own_policy() -> None:
    for path, document in http.web_documents().items():
        if path.endswith(".html"):
            html = document.plain.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)", html), f"{path}: inline script"
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), path
        if path.endswith((".mjs", ".js")) and "/vendor/" not in path:
            code = document.plain.decode()
            assert not re.search(r"\beval\(|new Function\(|https?://(?!www\.w3\.org/)", code), path


def test_who_has_the_page_already_is_told_so_and_asks_each_time() -> None:
    first = http.web_answer("/", Headers())
    assert first.headers["Cache-Control"] == "no-cache"
    again = http.web_answer("/", Headers({"If-None-Match": first.headers["ETag"]}))
    assert (again.status_code, again.body) == (304, b"")
    assert "Content-Security-Policy" in again.headers


def test_the_page_is_packed_for_those_who_take_that() -> None:
    plain = http.web_answer("/", Headers())
    packed = http.web_answer("/", Headers({"Accept-Encoding": "gzip, br"}))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/..%2fserver.py",
        "/%2e%2e/server.py",
        "/client/../../server.py",
        "/client/..\\..\\server.py",
        "//etc/passwd",
        "/./index.html",
        "/index.html/",
        "/index.html%00.png",
        "/client",
        "/client/",
        "/client/README.md",
        "/INDEX.HTML",
        "",
        "index.html",
    ],
)
def test_no_other_spelling_of_a_path_leads_to_a_file(path: str) -> None:
    assert http.web_answer(path, Headers()).status_code == 404


PIECES = (
    "..",
    ".",
    "/",
    "\\",
    "%2e",
    "%2f",
    "%5c",
    "%00",
    "client",
    "index.html",
    "server.py",
    "~",
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=8).map("".join))
def test_whatever_is_asked_for_only_files_of_the_page_come_back(path: str) -> None:
    response = http.web_answer(f"/{path}", Headers())
    if response.status_code == 200:
        file = WEB / (path or "index.html")
        assert WEB in file.parents
        assert ".." not in file.parts
        assert response.body == file.read_bytes()
    else:
        assert (response.status_code, response.body) == (404, b"There is nothing here.\n")


# -- headers of every answer


def test_every_answer_guards_the_browser() -> None:
    wanted = {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    for response in (
        http.web_answer("/", Headers()),
        http.web_answer("/nothing", Headers()),
        http.text(HTTPStatus.OK, "ok\n"),
        http.json(HTTPStatus.OK, {}),
    ):
        assert wanted.items() <= dict(response.headers.raw_items()).items()
        assert "Content-Security-Policy" in response.headers
        assert "Strict-Transport-Security" not in response.headers


def test_the_page_may_have_a_microphone_and_a_headset_and_nothing_else() -> None:
    policy = http.web_answer("/", Headers()).headers["Permissions-Policy"]
    allowed = dict(rule.split("=") for rule in policy.split(", "))
    assert {name for name, who in allowed.items() if who == "(self)"} == {
        "autoplay",
        "microphone",
        "xr-spatial-tracking",
    }
    assert {who for name, who in allowed.items()} == {"(self)", "()"}
    assert {"camera", "geolocation", "usb"} <= set(allowed)


def test_clips_are_for_pages_of_others_too() -> None:
    for path in (http.CLIPS_PATH, WAVE):
        headers = http.clip_answer(path, Headers()).headers
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_an_answer_over_tls_keeps_browsers_there_and_keeps_what_it_says_itself() -> None:
    headers = Headers({"Referrer-Policy": "origin"})
    http.guard(headers, is_tls=False)
    assert "Strict-Transport-Security" not in headers
    http.guard(headers, is_tls=True)
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers.get_all("Referrer-Policy") == ["origin"]


@pytest.mark.parametrize(
    "path",
    [
        *("/package.json", "/package-lock.json", "/.npmrc", "/vendor/build.sh"),
        *("/vendor/three_vrm.entry.mjs", "/vendor/three_vrm.d.mts", "/client/README.md"),
    ],
)
def test_what_builds_the_page_is_not_part_of_it(path: str) -> None:
    assert (WEB / path[1:]).is_file() or path == "/client/README.md"
    assert http.web_answer(path, Headers()).status_code == 404


_LOADED = re.compile(
    r"""(?:from|import|src=|href=|new URL\()\s*["']"""
    r"""(\.{0,2}/?[\w./-]+\.(?:mjs|css|svg|vrm|json))["']"""
)


def test_everything_that_the_page_loads_is_served() -> None:
    served = http.web_documents()
    for path, document in served.items():
        if path.endswith((".mjs", ".html")) and "/vendor/" not in path:
            for target in _LOADED.findall(document.plain.decode()):
                whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                assert whole in served, f"{path}: {target}"
