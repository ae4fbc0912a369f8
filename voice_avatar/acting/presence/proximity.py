"""The avatar among people: whom it heeds, and how it takes it when somebody comes near. Pure."""

from __future__ import annotations

import math
from typing import Final

from voice_avatar.acting.presence.addressee import Addressee
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.acting.presence.whereabouts import AVATAR, ELSEWHERE, Space, Whereabouts, Zone
from voice_avatar.events.cues import BodyCue
from voice_avatar.events.inputs import UserGaze

_STAYS_CLOSE_S: Final = 1.5
"""How long somebody is too near until the avatar steps back, seconds."""

_GREET_EVERY_S: Final = 20.0
"""Least time between two smiles at somebody who comes near, seconds."""

_NOTICE_EVERY_S: Final = 10.0
"""Least time between two glances at somebody who looks from afar, seconds."""


class Proximity:
    """The people around one avatar; so far one user."""

    def __init__(self, options: BodyOptions) -> None:
        self._options = options
        self._presence = Whereabouts(Space(options.personal_space_m, options.far_m))
        self._attention = Addressee(options.look_grace_s)
        self._close_s = 0.0
        self._has_stepped = False
        self._greeted_s = self._noticed_s = -math.inf

    def see(self, gaze: UserGaze, now_s: float, *, is_free: bool) -> list[BodyCue]:
        """Takes where the user is and looks.

        Args:
            gaze: as the client tells it.
            now_s: when, seconds.
            is_free: whether neither a reply nor the user's speech moves face and eyes.

        Returns:
            How the body takes it. It draws back whatever else it does.
        """
        was_zone, was_at = self._presence.zone, self._presence.looks_at
        self._presence.see(gaze)
        zone, looks_at = self._presence.zone, self._presence.looks_at
        # Somebody far away is looked at, and not listened to.
        is_far = zone is Zone.FAR and looks_at == AVATAR
        self._attention.note(ELSEWHERE if is_far else looks_at, now_s)
        cues = self._keep_distance(was_zone, now_s)
        if is_free and zone is Zone.NEAR and was_zone in (Zone.FAR, Zone.UNKNOWN):
            cues += self._greet(now_s)
        if is_free and is_far and was_at != AVATAR:
            cues += self._notice(now_s)
        return cues

    def is_addressed(self, now_s: float) -> bool:
        """Whether speech that begins now is meant for the avatar."""
        return self._options.attention == "always" or self._attention.is_on_avatar(now_s)

    def meant(self, now_s: float) -> str:
        """Returns the id of the object that the user means by "that"; "" for none."""
        return self._attention.meant(now_s)

    def _keep_distance(self, was: Zone, now_s: float) -> list[BodyCue]:
        is_close = self._presence.zone is Zone.CLOSE
        if is_close and was is not Zone.CLOSE:
            self._close_s, self._has_stepped = now_s, False
            return [BodyCue("posture", "lean_back", self._options.scaled(0.6), 0)]
        if is_close and not self._has_stepped and now_s - self._close_s >= _STAYS_CLOSE_S:
            self._has_stepped = True
            return [BodyCue("posture", "step_back", self._options.scaled(0.6), 0)]
        if was is Zone.CLOSE and not is_close:
            return [BodyCue("posture", "upright", 1.0, 0)]
        return []

    def _greet(self, now_s: float) -> list[BodyCue]:
        if now_s - self._greeted_s < _GREET_EVERY_S:
            return []
        self._greeted_s = now_s
        return [
            BodyCue("gaze", "user", 0.4, 2000),
            BodyCue("face", "smile", self._options.scaled(0.5), 2500),
        ]

    def _notice(self, now_s: float) -> list[BodyCue]:
        if now_s - self._noticed_s < _NOTICE_EVERY_S:
            return []
        self._noticed_s = now_s
        return [BodyCue("gaze", "user", 0.4, 1500)]
