"""What a voice over the reply means: does the user take the turn, or only listen aloud? Pure.

Theory of operation. Many sounds over a reply are no interruption: a cough, a door, "mhm". But an
avatar that talks on over "stop" is rude, and to be sure takes words. So it stops first and finds
out afterwards:

    reply  ===============#                                  speaks, and waits
    voice         ########################______             the user
                  |       |   |       |     |
                  |-------|   |       |     |                interrupt_pause_s: MayBargeIn
                  |-----------|       |     |                start_windows: SpeechBegan, a candidate
                  |-------------------| ask |                interrupt_ask_s, or the pause
                                      |=====|text            the recogniser
                                            |
                    the words claim the turn|-> BargeIn      the reply is cut
                              they claim none|-> NoBargeIn    the reply goes on
                          |<- interrupt_wait_s ->|           nobody knows: it goes on too

- *First sound* (`barge_in.Overlap`). What may be a voice pauses the reply long before it is a turn.
  If it was for nothing, a moment of silence is all that was lost.
- *Words* (`claims_turn`) decide as soon as there are any. A listener's words claim nothing; nor do
  a few words that the recogniser itself does not trust, its guess at a sound that was none. After
  words that often open a turn ("okay, great") the reply waits `interrupt_opener_s` for more.
- *Length* (`is_interruption`) decides where no words come: soon while the reply goes on, because
  two voices at once disturb, and later while it waits, because then they do not. Nobody says "mhm"
  for as long as `interrupt_any_s`. A sound in which no word is found never interrupts, however long
  it is.
- *Afterwards* what began over a reply and claims no turn needs no answer either; but speech that
  outlasts the reply is an answer to it, however short.
"""

from __future__ import annotations

from voice_avatar.events.payloads import Transcript
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.turns.cues import are_few, has_claim, is_backchannel, is_call, words_of
from voice_avatar.turns.dictation import is_dictated

_DICTATED = -1.0
"""Mean log-probability from which on numbers over a reply are meant ("555" alone: -0.2 to -0.9)."""


def claims_turn(
    options: TurnOptions, text: str, language: str, avg_logprob: float, *, goes_on: bool = False
) -> bool:
    """Returns whether words that were said over the reply are meant to be answered.

    Not so are no words, a listener's words, and a few that the recogniser itself does not trust:
    it knows no cough or "mhm", and writes the nearest words that it knows ("Bye.", "Emma").

    Args:
        options: the policy.
        text: what was said.
        language: of the text.
        avg_logprob: mean log-probability per token of the text; 0.0 = unknown, and trusted.
        goes_on: whether the user was dictating before the reply: then it is likely the next group,
            even if it is heard as something else ("bye bye bye" for "555").
    """
    words = words_of(text, language)
    if not words or is_backchannel(text, language):
        return False
    # Who dictates does not listen: a group that comes over the reply is the next one.
    if avg_logprob >= _DICTATED and (goes_on or is_dictated(text, language)):
        return True
    if avg_logprob >= options.interrupt.logprob or is_call(options.interrupt.names, words):
        return True
    # Badly heard. A whole phrase is no guess all the same, nor is a word that takes the floor: to
    # go on talking over "stop" is worse than to stop for a cough that sounded like it.
    return not are_few(words, language) or has_claim(words, language)


def is_interruption(
    options: TurnOptions,
    speech_s: float,
    heard: Transcript | None,
    language: str,
    *,
    is_paused: bool = False,
    goes_on: bool = False,
) -> bool:
    """Returns whether speech over the reply means that the avatar has to stop.

    Args:
        options: the policy.
        speech_s: how long the user has spoken over the reply, seconds.
        heard: what was recognised of it so far; None when nothing came back yet.
        language: of the speech.
        is_paused: whether the reply is paused meanwhile: then a later decision disturbs nobody.
        goes_on: see `claims_turn`.
    """
    if heard is None:
        limit_s = options.interrupt.any_s if is_paused else options.interrupt.speech_s
        return speech_s >= limit_s
    if not words_of(heard.text, language):
        return False
    is_long = speech_s >= options.interrupt.any_s
    return is_long or claims_turn(options, heard.text, language, heard.avg_logprob, goes_on=goes_on)
