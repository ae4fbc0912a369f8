"""The body between replies: one front for what listens, looks, feels, thinks and idles. Pure.

Each organ decides for itself (in `acting/presence/`: `listening_body.py`, `proximity.py`,
`sympathy.py`, `thinking_pose.py`, `idle_moves.py`); what the session knows is only what happened.
"""

from __future__ import annotations

from voice_avatar.acting.presence.idle_moves import IdleMoves
from voice_avatar.acting.presence.listening_body import ListeningBody
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.acting.presence.proximity import Proximity
from voice_avatar.acting.presence.sympathy import Sympathy
from voice_avatar.acting.presence.thinking_pose import ThinkingPose
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import UserGaze


class Body:
    """The body of one avatar.

    Attributes:
        wants_pitch: whether the pitch of the user's voice is of use while the user has the floor.
        hear: takes a window in which the user has the floor.
        is_addressed: whether speech that begins at a time is meant for the avatar.
        meant: returns the id of the object that the user means by "that"; "" for none.
    """

    def __init__(self, options: BodyOptions, thinking_after_s: float, now_s: float) -> None:
        """`thinking_after_s`: from the promise of a reply until the eyes go away, seconds."""
        self._thinking_after_s = thinking_after_s
        self._listening_body = ListeningBody(options, now_s)
        self._proximity = Proximity(options)
        self._sympathy = Sympathy(options)
        self._thinking = ThinkingPose(options)
        self._idle = IdleMoves(options)
        # What every window of the microphone asks is the organs' own: no call lies in between.
        self.wants_pitch = self._listening_body.wants_pitch
        self.hear = self._listening_body.hear
        self.is_addressed = self._proximity.is_addressed
        self.meant = self._proximity.meant

    # -- the user

    def turn_began(self) -> None:
        """A turn of the user begins: nothing of it was felt yet."""
        self._sympathy.begin()

    def feel(self, text: str, stable_chars: int, language: str, now_s: float) -> list[BodyCue]:
        """Lets the face answer to what the user says."""
        return self._sympathy.read(text, stable_chars, language, now_s)

    def see(self, gaze: UserGaze, now_s: float, *, is_free: bool) -> list[BodyCue]:
        """Takes where the user is and looks; `is_free`: nothing else moves face and eyes."""
        return self._proximity.see(gaze, now_s, is_free=is_free)

    def pause(self, now_s: float) -> list[BodyCue]:
        """The user pauses."""
        return self._listening_body.pause(now_s)

    def may_end(self, now_s: float) -> list[BodyCue]:
        """The user pauses where a turn may end."""
        return self._listening_body.may_end(now_s)

    def look_away(self) -> list[BodyCue]:
        """Looks aside, as one does before one answers."""
        return self._listening_body.look_away()

    def look_back(self) -> list[BodyCue]:
        """Looks at the user again."""
        return self._listening_body.look_back()

    def lose_floor(self) -> None:
        """The user has the floor no more, and nobody answers."""
        self._listening_body.lose_floor()

    def answer(self) -> None:
        """The turn is over and is answered."""
        self._listening_body.answer()

    # -- the avatar

    def think(self, now_s: float) -> None:
        """A reply is on its way, and nothing of it can be heard yet."""
        self._thinking.begin(now_s, self._thinking_after_s)

    def stop_thinking(self) -> None:
        """It can be heard, or will not come."""
        self._thinking.end()

    def fall_idle(self, now_s: float) -> None:
        """Nobody talks from now on."""
        self._idle.begin(now_s)

    def stir(self) -> None:
        """Somebody talks."""
        self._idle.end()

    # -- time

    @property
    def thinks_s(self) -> float | None:
        """When `tick_thinking` is due, None = never."""
        return self._thinking.deadline_s

    @property
    def idles_s(self) -> float | None:
        """When `tick_idle` is due, None = never."""
        return self._idle.deadline_s

    def tick_thinking(self, now_s: float) -> list[BodyCue]:
        """Does what is due while a reply is on its way."""
        return self._thinking.tick(now_s)

    def tick_idle(self, now_s: float) -> list[BodyCue]:
        """Does what is due while nobody talks."""
        return self._idle.tick(now_s)
