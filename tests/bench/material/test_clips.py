"""Recordings of turns: where speech ends, by annotation or by energy, and a pause put in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from kit.bench_clips import HZ, room, tone, two_words, write

from voice_avatar.audio.pcm import dbfs, sample_count, silence, to_float
from voice_avatar.bench.material.clips import (
    quietest_s,
    read_clips,
    speech_end,
    speech_start,
    with_pause,
)
from voice_avatar.errors import ConfigError

# -- folders


def test_a_list_of_clips_gives_ends_at_the_rate_of_the_microphone(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", tone(1.0, 48_000), 48_000)
    listed = [{"id": "a", "file": "a.wav", "text": "Hello?", "speech_end_sample": 35_999}]
    (tmp_path / "clips.json").write_text(json.dumps(listed))
    (clip,) = read_clips(tmp_path)
    assert (clip.name, clip.text, clip.ends_by) == ("a", "Hello?", "annotation")
    assert clip.end == 12_000
    assert sample_count(clip.pcm) == pytest.approx(HZ, abs=2)


def test_a_manifest_gives_speech_in_the_languages_wanted(tmp_path: Path) -> None:
    def listed(
        file: str, kind: str, language: str, wer_use: str = "published"
    ) -> dict[str, object]:
        write(tmp_path / file, tone(1.0))
        return {
            "file": file,
            "kind": kind,
            "language": language,
            "transcript": "words",
            "wer_use": wer_use,
            "speech_end_s": 0.9,
            "pauses": [[0.2, 0.3], [0.4, 0.7]],
        }

    items = [
        listed("en.wav", "speech", "en"),
        listed("pause.wav", "speech+pause", "en", "none"),
        listed("fr.wav", "speech", "fr"),
        listed("dog.wav", "noise", ""),
    ]
    (tmp_path / "manifest.json").write_text(json.dumps({"items": items}))
    english = read_clips(tmp_path)
    assert [clip.name for clip in english] == ["en", "pause"]
    assert [clip.text for clip in english] == ["words", ""]  # a doubtful text is no reference
    assert english[0].end == 14_400
    assert english[0].pauses_s == (0.3,)  # 0.1 s is part of fluent speech
    assert [clip.name for clip in read_clips(tmp_path, languages=("fr",))] == ["fr"]


def test_of_recordings_alone_the_end_is_found_and_said_to_be_found(tmp_path: Path) -> None:
    write(tmp_path / "b.wav", room(0.3) + tone(0.5) + room(0.4) + tone(0.5) + room(0.5))
    (clip,) = read_clips(tmp_path)
    assert clip.ends_by == "energy"
    assert clip.end == pytest.approx(1.7 * HZ, abs=HZ // 100)
    assert clip.pauses_s == (pytest.approx(0.4, abs=0.02),)
    assert clip.text == ""


@pytest.mark.parametrize("listed", [None, "{", "[]", '[{"id": "a"}]'])
def test_a_folder_without_recordings_is_refused_by_its_name(
    tmp_path: Path, listed: str | None
) -> None:
    if listed is not None:
        (tmp_path / "clips.json").write_text(listed)
    with pytest.raises(ConfigError, match=tmp_path.name):
        read_clips(tmp_path)


def test_silence_ends_with_its_file() -> None:
    assert speech_end(silence(HZ)) == HZ
    assert speech_start(silence(HZ)) == 0
    assert speech_end(b"") == 0


# -- pauses


def test_a_pause_is_put_between_words_and_moves_the_end() -> None:
    clip = two_words()
    at_s = quietest_s(clip)
    assert at_s == pytest.approx(0.75, abs=0.05)
    paused = with_pause(clip, at_s, 1.0)
    assert paused.name == "two+1s"
    assert (paused.end, sample_count(paused.pcm)) == (clip.end + HZ, sample_count(clip.pcm) + HZ)
    assert (paused.pauses_s, paused.inserted_s, paused.text) == ((1.0,), 1.0, clip.text)
    at = round(at_s * HZ) * 2
    assert paused.pcm[:at] == clip.pcm[:at]
    assert paused.pcm[at + 2 * HZ :] == clip.pcm[at:]


def test_a_pause_sounds_like_the_room_it_is_in() -> None:
    clip = two_words()
    at = round(quietest_s(clip) * HZ)
    paused = with_pause(clip, at / HZ, 0.5)
    pause = paused.pcm[2 * at : 2 * at + HZ]
    assert dbfs(pause) == pytest.approx(dbfs(clip.pcm[: HZ // 10]), abs=2.0)
    assert np.abs(np.diff(to_float(pause))).max() < 0.01  # no clicks at the joints


def test_two_pauses_add_up() -> None:
    twice = with_pause(with_pause(two_words(), 0.75, 0.5), 0.75, 0.3)
    assert twice.inserted_s == pytest.approx(0.8)
    assert twice.pauses_s == (0.5, 0.3)


@pytest.mark.parametrize("at_s", [0.0, 1.3, 5.0])
def test_a_pause_outside_the_turn_is_none(at_s: float) -> None:
    with pytest.raises(ValueError, match="not within the turn"):
        with_pause(two_words(), at_s, 1.0)


def test_most_ends_found_by_energy_are_near_the_annotated_ones(speech_dir: Path) -> None:
    clean = [clip for clip in read_clips(speech_dir) if "__" not in clip.name]
    off_s = [abs(speech_end(clip.pcm) - clip.end) / HZ for clip in clean]
    assert np.median(off_s) <= 0.03
    assert np.percentile(off_s, 75) <= 0.12


def test_the_published_clips_have_texts_and_ends() -> None:
    folder = os.environ.get("VOICE_AVATAR_CLIPS_DIR", "")
    if not folder:
        pytest.skip("VOICE_AVATAR_CLIPS_DIR is not set")
    clips = read_clips(Path(folder))
    assert len(clips) == 16
    for clip in clips:
        assert clip.text
        assert 0 < clip.end <= sample_count(clip.pcm)
