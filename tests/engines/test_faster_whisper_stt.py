from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kit.engine_options import parted

from voice_avatar.audio.pcm import silence
from voice_avatar.engines import faster_whisper_stt
from voice_avatar.engines.faster_whisper_stt import (
    FULL_WINDOW_FRAMES,
    FasterWhisperOptions,
    FasterWhisperStt,
    token_cap,
    window_frames,
)
from voice_avatar.errors import EngineUnavailable, SttFailed
from voice_avatar.events.payloads import MIC_HZ
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.stt import SttOptions

pytest.importorskip("faster_whisper")

RNG = np.random.default_rng(3)
SPECIAL = {"<|startoftranscript|>": 1, "<|transcribe|>": 2, "<|notimestamps|>": 3, "<|en|>": 4}
SPECIAL |= {"<|zh|>": 5, "<|fr|>": 6, "<|endoftext|>": 1000}


def noise(seconds: float) -> bytes:
    return RNG.integers(-3000, 3000, int(seconds * MIC_HZ)).astype("<i2").tobytes()


class FakeWhisper:
    """Stands for `faster_whisper.WhisperModel`: says prepared texts and notes what it is asked."""

    def __init__(
        self, *answers: tuple[str, float], is_multilingual: bool = True, no_speech: float = 0.9
    ) -> None:
        self.answers = list(answers)
        self.no_speech = no_speech
        self.windows: list[np.ndarray] = []
        self.prompts: list[list[int]] = []
        self.caps: list[int] = []
        self.detections = 0
        self.texts: dict[tuple[int, ...], str] = {}
        self.model = SimpleNamespace(
            is_multilingual=is_multilingual,
            generate=self.generate,
            detect_language=self.detect_language,
        )
        self.supported_languages = ["en", "zh", "fr"] if is_multilingual else ["en"]
        self.hf_tokenizer = SimpleNamespace(token_to_id=SPECIAL.get, decode=self.decode)

    def feature_extractor(self, samples: np.ndarray) -> np.ndarray:
        return np.zeros((80, samples.size // 160 + 1), np.float32)

    def encode(self, features: np.ndarray) -> str:
        self.windows.append(features)
        return "encoded"

    def detect_language(self, encoded: str) -> list[list[tuple[str, float]]]:
        assert encoded == "encoded"
        self.detections += 1
        return [[("<|fr|>", 0.6), ("<|zh|>", 0.3), ("<|en|>", 0.1)]]

    def generate(self, encoded: str, prompts: list[list[int]], **settings: Any) -> list[Any]:
        assert encoded == "encoded"
        assert settings["beam_size"] == 1
        self.prompts += prompts
        self.caps.append(settings["max_length"] // 2)
        text, score = self.answers.pop(0)
        tokens = [500 + i for i in range(len(text.split()))][: self.caps[-1]]
        self.texts[tuple(tokens)] = text
        return [
            SimpleNamespace(sequences_ids=[tokens], scores=[score], no_speech_prob=self.no_speech)
        ]

    def decode(self, tokens: list[int]) -> str:
        return self.texts[tuple(tokens)]


def engine(model: FakeWhisper, **options: Any) -> FasterWhisperStt:
    simplify = str.maketrans("廣協會", "广协会")
    return FasterWhisperStt(
        model,
        *parted(SttOptions, FasterWhisperOptions, options),
        to_simplified=lambda text: text.translate(simplify),
    )


@pytest.mark.parametrize(
    ("frames", "window"), [(0, 1000), (900, 1000), (901, 1100), (1234, 1400), (2950, 3000)]
)
def test_the_window_is_a_little_longer_than_the_utterance(frames: int, window: int) -> None:
    assert window_frames(frames, 1000) == window


def test_tokens_are_capped_by_the_length_of_the_audio() -> None:
    assert token_cap(100, 12.0) == 22
    assert token_cap(3000, 12.0) == 224


def test_a_sure_first_try_is_the_only_one() -> None:
    model = FakeWhisper(("hello there", -0.1))
    heard = engine(model).transcribe(noise(2.0), "en")
    assert (heard.text, heard.language, heard.audio_s) == ("hello there", "en", 2.0)
    assert heard.avg_logprob == pytest.approx(-0.1 * 2 / 3)  # the end token counts too
    assert [w.shape for w in model.windows] == [(80, 1000)]
    assert model.prompts == [[1, 4, 2, 3]]
    assert model.caps == [34]


def test_what_is_not_wanted_any_more_is_left_after_the_encoder() -> None:
    model = FakeWhisper()
    heard = engine(model).transcribe(noise(2.0), "en", lambda: False)
    assert (heard.text, heard.language, heard.audio_s) == ("", "en", 2.0)
    assert (len(model.windows), len(model.prompts)) == (1, 0)


def test_a_second_try_that_went_round_in_a_loop_does_not_win() -> None:
    looped = "a little bit of " * 40
    model = FakeWhisper(("the", -3.0), (looped, -0.4))
    assert engine(model).transcribe(noise(2.0), "en").text == ""


def test_a_second_try_that_is_not_wanted_any_more_leaves_the_first() -> None:
    model = FakeWhisper(("how old is it", -0.9))
    answers = iter([True, False])
    heard = engine(model, reject_logprob=-2.0).transcribe(noise(2.0), "en", lambda: next(answers))
    assert heard.text == "how old is it"


def test_what_lies_behind_the_utterance_is_digital_silence() -> None:
    model = FakeWhisper(("yes", -0.1))
    engine(model).transcribe(noise(2.0), "en")
    assert (model.windows[0][:, :200] == 0.0).all()
    assert (model.windows[0][:, 200:] == -1.5).all()


@pytest.mark.parametrize(("second_score", "text"), [(-0.2, "how old is it"), (-0.95, "how all is")])
def test_a_doubtful_first_try_is_repeated_and_the_likelier_one_wins(
    second_score: float, text: str
) -> None:
    model = FakeWhisper(("how all is", -0.9), ("how old is it", second_score))
    heard = engine(model, retry_window_frames=3000).transcribe(noise(2.0), "en")
    assert heard.text == text
    assert [w.shape[1] for w in model.windows] == [1000, 3000]


def test_no_second_try_where_the_first_saw_as_much() -> None:
    model = FakeWhisper(("so it goes on", -0.9))
    engine(model, retry_window_frames=1500).transcribe(noise(20.0), "en")
    assert [w.shape[1] for w in model.windows] == [2100]


def test_text_invented_on_noise_is_empty() -> None:
    model = FakeWhisper(("i am going", -2.0), ("the hotel", -1.9))
    assert engine(model).transcribe(noise(2.0), "en").text == ""


def test_nothing_said_is_empty_text() -> None:
    model = FakeWhisper(("", 0.0))
    heard = engine(model).transcribe(noise(1.0), "en")
    assert (heard.text, heard.avg_logprob) == ("", 0.0)


@pytest.mark.parametrize("pcm", [b"", noise(0.09), silence(MIC_HZ)])
def test_too_little_or_too_quiet_audio_is_not_decoded(pcm: bytes) -> None:
    model = FakeWhisper()
    assert engine(model).transcribe(pcm, None).text == ""
    assert engine(model).transcribe(pcm, "zh").language == "zh"
    assert not model.windows


def test_the_language_of_silence_is_the_session_s_or_a_candidate() -> None:
    def language(**options: Any) -> str:
        return engine(FakeWhisper(), **options).transcribe(b"", None).language

    assert language(language="zh-CN") == "zh"
    assert language(language="auto") == "en"
    assert language(language="auto", languages=("zh", "fr")) == "fr"


def test_of_audio_over_30_s_the_end_is_decoded() -> None:
    model = FakeWhisper(("word", -0.1))
    heard = engine(model).transcribe(noise(31.0), "en")
    assert heard.audio_s == 30.0
    assert [w.shape[1] for w in model.windows] == [FULL_WINDOW_FRAMES]


def test_a_language_is_detected_once_and_among_the_allowed_ones() -> None:
    model = FakeWhisper(("un deux", -1.2), ("un deux", -1.2))
    heard = engine(model).transcribe(noise(2.0), None)
    assert heard.language == "fr"
    assert model.detections == 1
    assert [p[1] for p in model.prompts] == [SPECIAL["<|fr|>"]] * 2
    model = FakeWhisper(("ni hao", -0.1))
    limited = engine(model, languages=("en", "zh-Hans"))
    assert limited.transcribe(noise(2.0), "auto").language == "zh"


def test_chinese_is_written_simplified() -> None:
    model = FakeWhisper(("廣州 協會", -0.1), ("廣州 協會", -0.1))
    stt = engine(model)
    assert stt.transcribe(noise(2.0), "zh-TW").text == "广州协会"
    assert stt.transcribe(noise(2.0), "en").text == "廣州協會"


def test_a_loop_that_filled_the_token_budget_is_trimmed() -> None:
    sentence = "it returned to its place amid the tents."
    looped = (" ".join([sentence] * 3), -0.05)
    model = FakeWhisper(looped, looped)
    heard = engine(model, tokens_per_s=5.0).transcribe(noise(2.0), "en")
    assert heard.text == sentence
    assert model.caps == [20, 20]


def test_a_try_that_its_budget_ended_is_repeated_however_likely_it_is() -> None:
    model = FakeWhisper(("no " * 50, -0.1), ("no no no not there", -0.3))
    assert engine(model).transcribe(noise(2.0), "en").text == "no no no not there"


def test_text_of_poor_probability_is_kept_where_a_voice_said_it() -> None:
    model = FakeWhisper(("I am going", -1.5), ("I am going", -1.5), no_speech=0.1)
    heard = engine(model).transcribe(noise(2.0), "en")
    assert (heard.text, heard.is_invented) == ("I am going", False)


@pytest.mark.parametrize(("no_speech", "text"), [(0.01, "Thanks for watching!"), (0.8, "")])
def test_a_farewell_of_films_is_a_person_s_where_a_voice_said_it(
    no_speech: float, text: str
) -> None:
    model = FakeWhisper(("Thanks for watching!", -0.1), no_speech=no_speech)
    heard = engine(model).transcribe(noise(2.0), "en")
    assert (heard.text, heard.is_invented) == (text, not text)


def paused(*lengths_s: float) -> bytes:
    """Returns noise of these lengths with pauses of a second between."""
    return silence(MIC_HZ).join(noise(seconds) for seconds in lengths_s)


def test_what_a_pause_made_the_decoder_write_twice_is_written_once() -> None:
    whole = ("My number is 206 555 0147 0147", -0.2)
    model = FakeWhisper(whole, ("My number is 206.", -0.1), ("Bye bye.", -0.4), ("0147.", -0.1))
    heard = engine(model).transcribe(paused(1.0, 0.5, 0.5), "en")
    assert heard.text == "My number is 206 555 0147"


def test_what_was_said_twice_is_written_twice() -> None:
    model = FakeWhisper(
        ("Where is the exit? Where is the exit?", -0.1),
        ("Where is an exit?", -0.1),
        ("Where is the exit?", -0.1),
    )
    heard = engine(model).transcribe(paused(1.0, 1.0), "en")
    assert heard.text == "Where is the exit? Where is the exit?"


def test_between_the_pauses_is_found_what_a_loop_over_them_has_buried() -> None:
    loop = ("a dog or a cat " * 20, -0.1)
    model = FakeWhisper(loop, loop, ("What time is it?", -0.1), ("A dog or a cat?", -0.2))
    assert engine(model).transcribe(paused(1.0, 1.0), "en").text == (
        "What time is it? A dog or a cat?"
    )
    model = FakeWhisper(loop, loop, loop, loop, ("A dog or a cat?", -0.2))
    assert engine(model).transcribe(paused(1.0, 1.0), "en").text == "a dog or a cat"


def test_what_is_not_wanted_any_more_is_not_decoded_between_pauses() -> None:
    model = FakeWhisper(("Where is the exit? Where is the exit?", -0.1))
    answers = iter([True, False, False])
    heard = engine(model).transcribe(paused(1.0, 1.0), "en", lambda: next(answers))
    assert heard.text == "Where is the exit? Where is the exit?"


def test_an_english_only_model_is_prompted_without_language_and_task() -> None:
    model = FakeWhisper(("hello", -0.1), is_multilingual=False)
    stt = engine(model)
    assert not stt.capabilities.detects_language
    assert stt.transcribe(noise(1.0), None).language == "en"
    assert model.prompts == [[1, 3]]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(SttFailed, match="'xx'"):
        engine(FakeWhisper()).transcribe(noise(1.0), "xx")


def test_a_library_failure_is_ours() -> None:
    model = FakeWhisper()

    def encode(features: np.ndarray) -> str:
        raise RuntimeError("out of memory")

    model.encode = encode  # type: ignore[method-assign]
    with pytest.raises(SttFailed):
        engine(model).transcribe(noise(1.0), "en")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(EngineUnavailable, match=r"tokenizer\.json"):
        faster_whisper_stt.load(SttOptions(model=str(tmp_path)), ModelStore())


# -- the real model ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whisper(store: ModelStore) -> FasterWhisperStt:
    return faster_whisper_stt.load(SttOptions(languages=("en", "zh", "fr", "es")), store)


@pytest.mark.models
def test_a_spoken_sentence_is_understood(
    whisper: FasterWhisperStt, spoken: Callable[[str], bytes]
) -> None:
    heard = whisper.transcribe(spoken("The train to London leaves at noon."), None)
    assert heard.text.lower() == "the train to london leaves at noon."
    assert heard.language == "en"


@pytest.mark.models
@pytest.mark.speech
@pytest.mark.parametrize(
    ("name", "language"),
    [("en_jfk", "en"), ("zh_funasr", "zh"), ("fr_leopard", "fr"), ("es_leopard", "es")],
)
def test_the_language_of_a_recording_is_detected(
    whisper: FasterWhisperStt, speech_dir: Path, name: str, language: str
) -> None:
    assert whisper.transcribe(read(speech_dir, name), None).language == language


@pytest.mark.models
@pytest.mark.speech
def test_chinese_speech_is_written_in_simplified_characters(
    whisper: FasterWhisperStt, speech_dir: Path
) -> None:
    text = whisper.transcribe(read(speech_dir, "zh_aishell_S0724"), "zh").text
    assert "广州市" in text
    assert "廣" not in text


@pytest.mark.models
@pytest.mark.speech
@pytest.mark.parametrize("name", ["noise_kitchen", "noise_office", "noise_hum"])
def test_noise_gives_no_text(whisper: FasterWhisperStt, speech_dir: Path, name: str) -> None:
    assert whisper.transcribe(read(speech_dir, name), "en").text == ""


@pytest.mark.models
@pytest.mark.speech
def test_the_token_cap_is_what_the_library_obeys(store: ModelStore, speech_dir: Path) -> None:
    capped = faster_whisper_stt.load(SttOptions(), store, FasterWhisperOptions(tokens_per_s=0.0))
    few = capped.transcribe(read(speech_dir, "en_jfk"), "en")
    assert 4 <= len(few.text.split()) <= 10  # ten tokens


DATA = Path(__file__).parents[1] / "data" / "hearing"


@pytest.mark.models
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("B30_watching_my_dog", "thank you for watching my dog"),
        ("B31_no_six_times", "take me to the other museum"),
        ("B33_phone_pauses_1200", "206 555 0147"),
    ],
)
def test_what_was_once_taken_for_the_recogniser_s_own_is_heard(
    whisper: FasterWhisperStt, name: str, said: str
) -> None:
    text = whisper.transcribe(read(DATA, name), "en").text.lower()
    assert said in text
    assert text.count("0147") <= 1


@pytest.mark.models
@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Thanks for watching!", "thanks for watching"),
        ("Please subscribe to my channel.", "please subscribe to my channel"),
        ("My PIN is 1 1 1 1 1 1 and my name is Lee.", "my name is lee"),
        ("No, no, no, no, no, no, no, no! I want the other one.", "i want the other one"),
    ],
)
def test_a_person_may_say_what_recognisers_invent(
    whisper: FasterWhisperStt, spoken: Callable[[str], bytes], said: str, heard: str
) -> None:
    assert heard in whisper.transcribe(spoken(said), "en").text.lower()


@pytest.mark.models
@pytest.mark.speech
def test_a_question_after_a_long_pause_is_written_once(
    whisper: FasterWhisperStt, spoken: Callable[[str], bytes], speech_dir: Path
) -> None:
    first, second = spoken("What time is it?"), read(speech_dir, "en_dogcat")
    heard = whisper.transcribe(first + silence(3 * MIC_HZ) + second, "en")
    assert heard.text.lower().count("dog") == 1


def read(folder: Path, name: str) -> bytes:
    with wave.open(str(folder / f"{name}.wav"), "rb") as file:
        return file.readframes(file.getnframes())
