"""Plain answers of the server's port: clips, packed and cached as HTTP has it."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256

import pytest
from websockets.datastructures import Headers

from voice_avatar import http_edge
from voice_avatar.clips import library

WAVE = f"{http_edge.CLIPS_PATH}/wave.vrma"


def test_the_index_lists_every_clip_with_the_hash_of_what_is_served() -> None:
    index = json.loads(http_edge.clip_answer(http_edge.CLIPS_PATH, Headers()).body)
    assert [clip["lexeme"] for clip in index["clips"]] == list(library.names())
    for clip in index["clips"]:
        body = http_edge.clip_answer(f"/v1/{clip['url']}", Headers()).body
        assert (len(body), sha256(body).hexdigest()) == (clip["bytes"], clip["sha256"])


def test_all_clips_together_are_small_on_the_wire() -> None:
    packed = sum(len(one.packed) for one in http_edge.clip_documents().values())
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
    plain = http_edge.clip_answer(WAVE, Headers()).body
    response = http_edge.clip_answer(WAVE, Headers({"Accept-Encoding": accepted}))
    assert (response.headers.get("Content-Encoding") == "gzip") is is_packed
    assert response.headers["Content-Length"] == str(len(response.body))
    assert (gzip.decompress(response.body) if is_packed else response.body) == plain
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_a_clip_already_is_told_so(form: str) -> None:
    first = http_edge.clip_answer(WAVE, Headers())
    tag = form.format(first.headers["ETag"])
    again = http_edge.clip_answer(WAVE, Headers({"If-None-Match": tag}))
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "max-age" in again.headers["Cache-Control"]
    other = http_edge.clip_answer(WAVE, Headers({"If-None-Match": '"other"'}))
    assert other.status_code == 200


def test_other_answers_are_still_not_kept() -> None:
    assert http_edge.page().headers["Cache-Control"] == "no-store"
    assert http_edge.clip_answer(f"{WAVE}x", Headers()).headers["Cache-Control"] == "no-store"
