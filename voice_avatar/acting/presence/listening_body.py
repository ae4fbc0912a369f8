"""How the avatar bears itself while no reply moves it: it listens, and shows that it does. Pure.

One budget for the head: signs of attention that the voice invites (`backchannel.py`), a small move
at a pause, a nod where a turn may end. They share their gaps and a limit per minute, because a
listener who nods too often is worse than one who seldom does (Poppe, Truong and Heylen 2011).
"""

from __future__ import annotations

from collections import deque
from typing import Final

from voice_avatar.acting.presence.backchannel import BackchannelCues
from voice_avatar.acting.presence.listening_gaze import ListeningGaze
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import VadFrame
from voice_avatar.events.payloads import IS_SPEECH, MIC_HZ, WINDOW_SAMPLES

_NOD_EVERY_S: Final = 1.5
"""Least time between two nods."""

_MOVE_EVERY_S: Final = 0.6
"""Least time between two movements of the head at the user's pauses."""

_LONG_SPEECH_S: Final = 4.0
"""Speech since the last nod after which the next one is a double nod."""

_ENGROSSED_S: Final = 5.0
_LEAN_EVERY_S: Final = 12.0
_LEAN_MS: Final = 5000
"""The body leans in after so much speech in a turn, so often at most, and for so long. Ours."""


class ListeningBody:
    """The body of one avatar, between replies."""

    def __init__(self, options: BodyOptions, now_s: float) -> None:
        self._options = options
        self._cues = BackchannelCues()
        self._nods_s: deque[float] = deque()
        self._moved_s = now_s - _MOVE_EVERY_S
        self._spoken_s = self._turn_s = 0.0
        self._sample = 0
        self._is_looking_away = False
        self._eyes = ListeningGaze(options.seed)
        self._leaned_s = now_s

    # -- the head

    @property
    def wants_pitch(self) -> bool:
        """Whether the pitch of the voice is of use."""
        return self._options.nods_per_minute > 0

    def hear(self, frame: VadFrame, now_s: float) -> list[BodyCue]:
        """Takes a window in which the user has the floor: nods where the voice invites it."""
        self._sample = frame.start + WINDOW_SAMPLES
        if frame.probability >= IS_SPEECH:
            self._spoken_s += WINDOW_SAMPLES / MIC_HZ
            self._turn_s += WINDOW_SAMPLES / MIC_HZ
        is_due = self._cues.step(frame)
        if self._is_looking_away:
            return []
        cues = self._lean_in(now_s)
        if frame.probability >= IS_SPEECH:
            cues += self._eyes.step(now_s)
        if is_due and now_s - self._moved_s >= _MOVE_EVERY_S:
            cues += self._nod(now_s)
        return cues

    def _lean_in(self, now_s: float) -> list[BodyCue]:
        """Leans towards somebody who has been speaking for long, for a while."""
        if self._turn_s < _ENGROSSED_S or now_s - self._leaned_s < _LEAN_EVERY_S:
            return []
        self._leaned_s = now_s
        return [BodyCue("posture", "lean_in", self._options.scaled(0.3), _LEAN_MS)]

    def lose_floor(self) -> None:
        """The user has the floor no more: nothing that was said invites a nod now."""
        self._cues.leave()
        self._spoken_s = self._turn_s = 0.0

    def pause(self, now_s: float) -> list[BodyCue]:
        """Shows at once that a pause was noticed: the nod that is due, else a small move."""
        if now_s - self._moved_s < _MOVE_EVERY_S:
            return []
        nod = self._nod(now_s) if self._cues.is_due else []
        if nod:
            return nod
        self._moved_s = now_s
        return [BodyCue("head", "tilt", self._options.scaled(0.2), 300)]

    def may_end(self, now_s: float) -> list[BodyCue]:
        """Shows, before any text is known, that the user was heard: a nod, or a glance aside."""
        return self._nod(now_s) or self.look_away()

    def _nod(self, now_s: float) -> list[BodyCue]:
        """Nods, unless there were enough nods: twice where much was said since the last."""
        while self._nods_s and now_s - self._nods_s[0] >= 60.0:
            self._nods_s.popleft()
        limit = self._options.nods_per_minute * min(1.0, 0.5 + self._options.energy)
        is_soon = bool(self._nods_s) and now_s - self._nods_s[-1] < _NOD_EVERY_S
        if is_soon or len(self._nods_s) >= limit:
            return []
        self._nods_s.append(now_s)
        self._moved_s = now_s
        self._cues.answered(self._sample)
        spoken_s, self._spoken_s = self._spoken_s, 0.0
        if spoken_s >= _LONG_SPEECH_S:
            return [BodyCue("head", "nod", self._options.scaled(0.4), 800, repeats=2)]
        return [BodyCue("head", "nod", self._options.scaled(0.3), 400)]

    # -- the eyes

    def look_away(self) -> list[BodyCue]:
        """Looks aside, as one does before one answers."""
        if self._is_looking_away:
            return []
        self._is_looking_away = True
        return [BodyCue("gaze", "away_up", 0.4, 0)]

    def look_back(self) -> list[BodyCue]:
        """Looks at the user again."""
        if not self._is_looking_away:
            return []
        self._is_looking_away = False
        self._eyes.meet()
        return [BodyCue("gaze", "user", 0.4, 0)]

    def answer(self) -> None:
        """The turn is over and the state changes: a glance ends with that."""
        self._is_looking_away = False
        self.lose_floor()
