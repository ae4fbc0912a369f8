"""Piper: on a voice of a few kilobytes made here, and on the real one (marked `models`)."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.engine_options import parted
from kit.tiny_voice import HOP_SAMPLES, RATE_HZ, tiny_graph, write_tiny_voice

from voice_avatar.audio.pcm import sample_count
from voice_avatar.engines import piper_tts
from voice_avatar.engines.piper_spelling import encode
from voice_avatar.engines.piper_tts import (
    CEILING,
    KNEE,
    PiperOptions,
    PiperTts,
    limited,
    piece_ends,
)
from voice_avatar.errors import EngineUnavailable, TtsFailed
from voice_avatar.events.payloads import ChunkWord, SpeakableChunk, SpeechPiece, SpeechPlan
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.tts import TtsEngine, TtsOptions

onnx = pytest.importorskip("onnx")

onnxruntime = pytest.importorskip("onnxruntime")

phoneme_ids = pytest.importorskip("piper.phoneme_ids")
SYMBOLS = list(phoneme_ids.DEFAULT_PHONEME_ID_MAP)
TEXT = "Papa, bring the soup to one of the boys before it gets cold."
STILL = {"noise_scale": 0.0, "noise_w_scale": 0.0}
SMALL = {"first_frames": 7, "max_frames": 20}


def chunk_of(text: str) -> SpeakableChunk:
    """Returns a chunk whose words are those between spaces."""
    words: list[ChunkWord] = []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        words.append(ChunkWord(start, at, start, at))
    return SpeakableChunk(0, text, text, tuple(words))


def say(engine: TtsEngine, text: str) -> tuple[SpeechPlan, bytes]:
    """Returns plan and audio, checking that they agree."""
    plan, *pieces = engine.synthesize(chunk_of(text))
    assert isinstance(plan, SpeechPlan)
    pcm = b""
    for piece in pieces:
        assert isinstance(piece, SpeechPiece)
        assert piece.start == sample_count(pcm)
        assert piece.pcm
        pcm += piece.pcm
    assert sample_count(pcm) == plan.sample_count
    return plan, pcm


def assert_contiguous(plan: SpeechPlan) -> None:
    """The spans cover the audio exactly."""
    assert plan.spans[0].start == 0
    assert plan.spans[-1].end == plan.sample_count
    assert all(a.end == b.start for a, b in pairwise(plan.spans))
    assert all(span.start < span.end for span in plan.spans)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., PiperTts]:
    """Returns a function that makes a tiny voice and loads it."""

    def load(voice: dict[str, Any] | None = None, **options: Any) -> PiperTts:
        path = write_tiny_voice(tmp_path, **({"symbols": SYMBOLS} | (voice or {})))
        stage, own = parted(TtsOptions, PiperOptions, {"voice": str(path)} | options)
        return piper_tts.load(stage, ModelStore(tmp_path), own)

    return load


# -- pieces


def test_pieces_grow_and_a_short_rest_joins_the_last() -> None:
    options = PiperOptions(first_frames=24, piece_growth=2.0, max_frames=96)
    assert piece_ends(400, options) == (24, 72, 168, 264, 360, 400)
    assert piece_ends(370, options) == (24, 72, 168, 264, 370)


@pytest.mark.parametrize("frames", [1, 23, 24, 47])
def test_what_is_shorter_than_two_first_pieces_is_one_piece(frames: int) -> None:
    assert piece_ends(frames, PiperOptions(first_frames=24)) == (frames,)


def test_no_frames_are_no_pieces() -> None:
    assert piece_ends(0, PiperOptions()) == ()


@given(
    frames=st.integers(0, 3000),
    first=st.integers(0, 200),
    growth=st.floats(0, 4),
    most=st.integers(0, 300),
)
def test_pieces_cover_every_frame_once_whatever_the_options(
    frames: int, first: int, growth: float, most: int
) -> None:
    options = PiperOptions(first_frames=first, piece_growth=growth, max_frames=most)
    ends = (0, *piece_ends(frames, options))
    assert ends[-1] == frames
    assert all(a < b for a, b in pairwise(ends))


# -- the cut


def whole(model: Any, ids: list[int], speaker: int | None) -> npt.NDArray[np.float32]:
    """Runs a voice uncut and without noise."""
    feed = {"input": np.array([ids]), "scales": np.array([0, 1, 0], np.float32)}
    if speaker is not None:
        feed["sid"] = np.array([speaker])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    taken = {given.name for given in session.get_inputs()}
    feed["input_lengths"] = np.array([len(ids)])
    samples: npt.NDArray[np.float32] = session.run(
        None, {name: value for name, value in feed.items() if name in taken}
    )[0]
    return samples.ravel()


@pytest.mark.parametrize("speakers", [1, 3])
def test_pieces_are_the_same_as_the_whole(make: Callable[..., PiperTts], speakers: int) -> None:
    engine = make({"speakers": speakers}, gain=1.0, lead_frames=0, **STILL, **SMALL)
    _, pcm = say(engine, TEXT)
    [symbols] = engine._spell(TEXT)
    ids, _ = encode(symbols, {s: [i] for i, s in enumerate(SYMBOLS)}, "espeak")
    expected = whole(tiny_graph(len(SYMBOLS), speakers), ids, 0 if speakers > 1 else None)
    heard = np.frombuffer(pcm, "<i2") / 32768.0
    assert heard.size == expected.size
    assert np.abs(heard - limited(expected)).max() <= 1 / 32768


@pytest.mark.parametrize(("first_frames", "max_frames"), [(1, 5), (7, 60), (50, 50)])
def test_the_size_of_the_pieces_does_not_change_the_sound(
    make: Callable[..., PiperTts], first_frames: int, max_frames: int
) -> None:
    in_one = say(make(first_frames=10_000, max_frames=10_000), TEXT)
    in_many = say(make(first_frames=first_frames, max_frames=max_frames), TEXT)
    assert in_one[0] == in_many[0]
    difference = np.frombuffer(in_one[1], "<i2").astype(int) - np.frombuffer(in_many[1], "<i2")
    assert np.abs(difference).max() <= 1


def test_a_reply_begins_without_the_silence_before_it(make: Callable[..., PiperTts]) -> None:
    plan, pcm = say(make(lead_frames=0), TEXT)
    cut_plan, cut_pcm = say(make(lead_frames=1), TEXT)
    gone = HOP_SAMPLES
    assert cut_plan.sample_count == plan.sample_count - gone
    assert_contiguous(cut_plan)
    ends = [s.end - gone for s in plan.spans]
    assert [s.end for s in cut_plan.spans] == [end for end in ends if end > 0]
    difference = np.frombuffer(cut_pcm, "<i2").astype(int) - np.frombuffer(pcm, "<i2")[gone:]
    assert np.abs(difference).max() <= 1


def test_a_voice_without_silence_before_a_reply_is_left_as_it_is(
    make: Callable[..., PiperTts],
) -> None:
    assert say(make(lead_frames=100), TEXT) == say(make(lead_frames=0), TEXT)


# -- loading


def test_a_voice_says_what_it_is(make: Callable[..., PiperTts]) -> None:
    told = make().capabilities
    assert (told.name, told.voice, told.language) == ("piper", "tiny", "en")
    assert (told.espeak_voice, told.phoneme_type) == ("en-us", "espeak")
    assert told.rate_hz == RATE_HZ
    assert told.has_durations


@pytest.mark.parametrize(
    ("espeak_voice", "language"), [("cmn", "zh"), ("de", "de"), ("fr", "fr"), ("es-419", "es")]
)
def test_the_language_is_that_of_the_espeak_voice(
    make: Callable[..., PiperTts], espeak_voice: str, language: str
) -> None:
    assert make({"espeak_voice": espeak_voice}).capabilities.language == language


@pytest.mark.parametrize("damage", ["no json", "not json", "not a config", "not onnx", "no onnx"])
def test_files_that_are_not_a_voice_are_refused(tmp_path: Path, damage: str) -> None:
    path = write_tiny_voice(tmp_path, SYMBOLS)
    config = Path(f"{path}.json")
    match damage:
        case "no json":
            config.unlink()
        case "not json":
            config.write_text("{", encoding="utf-8")
        case "not a config":
            config.write_text("{}", encoding="utf-8")
        case "not onnx":
            path.write_bytes(b"not a network")
        case "no onnx":
            path.unlink()
    with pytest.raises(EngineUnavailable):
        piper_tts.load(TtsOptions(voice=str(tmp_path)), ModelStore(tmp_path))


@pytest.mark.parametrize("phoneme_type", ["hebrew", "thai"])
def test_a_spelling_that_is_not_supported_is_refused(
    make: Callable[..., PiperTts], phoneme_type: str
) -> None:
    with pytest.raises(EngineUnavailable, match=phoneme_type):
        make({"phoneme_type": phoneme_type})


def test_an_espeak_voice_that_does_not_exist_is_refused(make: Callable[..., PiperTts]) -> None:
    with pytest.raises(EngineUnavailable, match="xx-nowhere"):
        make(espeak_voice="xx-nowhere")


@pytest.mark.parametrize("missing", ["onnx", "piper.phonemize_espeak"])
def test_a_missing_library_is_named(
    make: Callable[..., PiperTts], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EngineUnavailable, match="installed"):
        make()


def test_pinyin_voices_need_pypinyin(
    make: Callable[..., PiperTts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    with pytest.raises(EngineUnavailable, match="pypinyin"):
        make({"phoneme_type": "pinyin"})


# -- speakers


@pytest.mark.parametrize(("speaker", "same_as"), [("", "0"), ("speaker1", "1"), ("2", "speaker2")])
def test_a_speaker_is_chosen_by_name_or_number(
    make: Callable[..., PiperTts], speaker: str, same_as: str
) -> None:
    voice = {"speakers": 3}
    assert say(make(voice, speaker=speaker), TEXT) == say(make(voice, speaker=same_as), TEXT)


def test_speakers_sound_different(make: Callable[..., PiperTts]) -> None:
    voice = {"speakers": 3}
    assert say(make(voice, speaker="0"), TEXT)[1] != say(make(voice, speaker="1"), TEXT)[1]


@pytest.mark.parametrize("speaker", ["3", "nobody"])
def test_a_speaker_that_the_voice_lacks_is_refused(
    make: Callable[..., PiperTts], speaker: str
) -> None:
    with pytest.raises(EngineUnavailable, match=speaker):
        make({"speakers": 3}, speaker=speaker)


# -- plans


def test_spans_cover_the_audio_and_words_are_in_order(make: Callable[..., PiperTts]) -> None:
    plan, _ = say(make(), TEXT)
    assert_contiguous(plan)
    assert [w.word for w in plan.words] == list(range(len(TEXT.split())))
    assert all(w.start < w.end for w in plan.words)
    assert all(a.end <= b.start for a, b in pairwise(plan.words))
    assert (plan.spans[0].symbol, plan.spans[-1].symbol) == ("^", "$")


def test_two_sentences_follow_one_another(make: Callable[..., PiperTts]) -> None:
    plan, _ = say(make(), "Yes. Why not?")
    assert_contiguous(plan)
    assert [s.symbol for s in plan.spans].count("^") == 2
    assert len(plan.words) == 3
    assert "".join(s.symbol for s in plan.spans if s.word == 2) == "nˈɑːt"


def test_symbols_that_the_voice_lacks_take_no_time(make: Callable[..., PiperTts]) -> None:
    known = [s for s in SYMBOLS if s not in {"p", "ˈ", ","}]
    plan, _ = say(make({"symbols": known}), TEXT)
    assert_contiguous(plan)
    assert "p" not in {s.symbol for s in plan.spans}
    assert all(w.start < w.end for w in plan.words)


@pytest.mark.parametrize("text", ["", " ", "…", "—", "?!"])
def test_nothing_to_say_is_no_audio(make: Callable[..., PiperTts], text: str) -> None:
    plan, pcm = say(make(), text)
    assert (plan.sample_count, plan.spans, pcm) == (0, (), b"")
    assert [(w.start, w.end) for w in plan.words] == [(0, 0)] * len(text.split())


def test_a_slower_voice_takes_longer(make: Callable[..., PiperTts]) -> None:
    usual = say(make(**STILL), TEXT)[0].sample_count
    slow = say(make(length_scale=2.0, **STILL), TEXT)[0].sample_count
    assert 1.6 < slow / usual < 2.2


def test_equal_text_sounds_equal_and_another_seed_different(make: Callable[..., PiperTts]) -> None:
    engine = make()
    first = say(engine, TEXT)
    say(engine, "Something else.")
    assert say(engine, TEXT) == first
    assert say(make(), TEXT) == first
    assert say(make(seed=1), TEXT) != first


def test_sessions_do_not_disturb_one_another(make: Callable[..., PiperTts]) -> None:
    engine = make(**SMALL)
    texts = [f"This is sentence number {i}, of some length." for i in range(4)]
    alone = [say(engine, text) for text in texts]
    together: list[Any] = [None] * len(texts)

    def run(i: int) -> None:
        together[i] = say(engine, texts[i])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_closing_stops_the_work_at_the_next_piece(
    make: Callable[..., PiperTts], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = 0
    original = PiperTts._decode

    def counted(self: PiperTts, *args: Any) -> Any:
        nonlocal decoded
        decoded += 1
        return original(self, *args)

    monkeypatch.setattr(PiperTts, "_decode", counted)
    speech = make(**SMALL).synthesize(chunk_of(TEXT))
    assert isinstance(next(speech), SpeechPlan)
    assert decoded == 0
    next(speech)
    speech.close()
    assert decoded == 1
    assert list(speech) == []


def test_a_failing_network_is_a_failed_synthesis(make: Callable[..., PiperTts]) -> None:
    engine = make({"symbols": [*SYMBOLS, "☃"]})
    engine._config.phoneme_id_map = {**engine._config.phoneme_id_map, "p": [10_000]}
    with pytest.raises(TtsFailed):
        say(engine, TEXT)


def test_text_that_cannot_be_encoded_is_a_failed_synthesis(make: Callable[..., PiperTts]) -> None:
    with pytest.raises(TtsFailed):
        say(make(), "a \ud800 b")


# -- loudness


def test_quiet_samples_are_left_as_they_are() -> None:
    samples = np.linspace(-KNEE, KNEE, 99, dtype=np.float32)
    assert np.array_equal(limited(samples), samples)


def test_no_sample_goes_beyond_the_ceiling_and_louder_stays_louder() -> None:
    samples = np.linspace(-3, 3, 999, dtype=np.float32)
    out = limited(samples)
    assert np.abs(out).max() <= CEILING + 1e-6
    assert np.all(np.diff(out) >= 0)
    assert np.all(np.diff(out[np.abs(samples) < 1]) > 0)
    assert np.array_equal(out, -limited(-samples))


PINYIN = [*"_^$ ，。", "Ø", "n", "h", "b", "j", "zh", "ong", "ing", "i", "ao", "ei", "ai", *"12345"]


def test_a_pinyin_voice_speaks_chinese(make: Callable[..., PiperTts]) -> None:
    pytest.importorskip("pypinyin")
    voice = {"symbols": PINYIN, "phoneme_type": "pinyin", "espeak_voice": "cmn"}
    engine = make(voice)
    assert engine.capabilities.language == "zh"
    assert engine.capabilities.phoneme_type == "pinyin"
    plan, _ = say(engine, "你好， 北京 爱")
    assert_contiguous(plan)
    said = [[s.symbol for s in plan.spans if s.word == word] for word in range(3)]
    assert said == [
        ["n", "i", "3", "h", "ao", "3"],
        ["b", "ei", "3", "j", "ing", "1"],
        ["Ø", "ai", "4"],
    ]


def test_a_voice_of_letters_speaks_letters(make: Callable[..., PiperTts]) -> None:
    plan, _ = say(make({"symbols": [*"_^$ abc"], "phoneme_type": "text"}), "cab a")
    assert [s.symbol for s in plan.spans if s.word == 0] == ["c", "a", "b"]


def test_an_english_voice_reads_chinese_with_its_own_sounds(make: Callable[..., PiperTts]) -> None:
    plan, _ = say(make(), "你好， 知道")
    said = ["".join(s.symbol for s in plan.spans if s.word == word) for word in range(2)]
    assert said == ["niːhˈaʊ", "dʒɚdˈaʊ"]
    assert "," in {s.symbol for s in plan.spans}


def test_the_accent_can_be_switched_off(make: Callable[..., PiperTts]) -> None:
    plan, _ = say(make(han_espeak_voice="", espeak_voice="cmn"), "你好")
    assert [s.symbol for s in plan.spans if s.word == 0] == [*"ni2χˈɑu2"]


# -- the real voice


@pytest.mark.models
def test_the_real_voice_in_pieces_is_as_in_one(store: ModelStore) -> None:
    options = TtsOptions(gain=1.0)
    engine = piper_tts.load(options, store, PiperOptions(lead_frames=0, **STILL))
    _, pcm = say(engine, TEXT)
    files = store.resolve(options.voice).files
    model = onnx.load(str(files["en_US-joe-medium.onnx"]))
    config = json.loads(files["en_US-joe-medium.onnx.json"].read_text(encoding="utf-8"))
    [symbols] = engine._spell(TEXT)
    ids, _ = encode(symbols, config["phoneme_id_map"], "espeak")
    expected = whole(model, ids, None)
    heard = np.frombuffer(pcm, "<i2") / 32768.0
    assert heard.size == expected.size
    assert np.abs(heard - limited(expected)).max() <= 1 / 32768


@pytest.mark.models
def test_the_real_voice_has_first_audio_long_before_the_last(piper: TtsEngine) -> None:
    plan, first, *rest = piper.synthesize(chunk_of(TEXT))
    assert isinstance(plan, SpeechPlan)
    assert isinstance(first, SpeechPiece)
    assert sample_count(first.pcm) < plan.sample_count / 4
    assert len(rest) >= 2


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    ["No.", "Well, it depends on what you would like to do today, one of the best days.", TEXT],
)
def test_the_real_voice_is_loud_enough_and_never_clips(piper: TtsEngine, text: str) -> None:
    plan, pcm = say(piper, text)
    assert_contiguous(plan)
    samples = np.frombuffer(pcm, "<i2") / 32768.0
    assert 0.4 < np.abs(samples).max() <= CEILING
    assert all(w.start < w.end for w in plan.words)


@pytest.mark.models
def test_the_real_voice_is_quiet_where_the_plan_has_a_pause(piper: TtsEngine) -> None:
    plan, pcm = say(piper, TEXT)
    samples = np.frombuffer(pcm, "<i2") / 32768.0

    def level(symbols: str) -> float:
        parts = [samples[s.start : s.end] for s in plan.spans if s.symbol in symbols]
        return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))

    assert level("$") < 0.1 * level("uɔɑeɪ")


@pytest.mark.models
def test_the_real_voice_can_be_given_by_path(store: ModelStore) -> None:
    path = store.resolve("en_US-joe-medium").files["en_US-joe-medium.onnx"]
    engine = piper_tts.load(TtsOptions(voice=str(path)), store)
    assert engine.capabilities.voice == "en_US-joe-medium"
