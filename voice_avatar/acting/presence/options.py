"""What the avatar's body does on its own, between replies: options. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voice_avatar.acting.gesture.options import vigour
from voice_avatar.events.cues import BodyCue

Attention = Literal["always", "looking"]


@dataclass(frozen=True, slots=True)
class BodyOptions:
    """What the body does on its own, and how it takes the people around it.

    Attributes:
        nods_per_minute: nods while listening, at most; 0 = none that the voice invites.
        pose_after_s: time from the end of a turn after which the hand goes to the chin while the
            reply cannot be heard, seconds.
        idle_per_minute: moves of an avatar to which nobody talks, at half the energy; 0 = none.
        attention: whose speech is meant for the avatar: "always" = all that is heard, "looking" =
            that of a user who looks at it, has just done so, or of whose eyes nothing is known.
        look_grace_s: with "looking", how long after a look what is said is still meant for the
            avatar, seconds.
        personal_space_m: distance of the user at which the avatar draws back, metres.
        far_m: distance from which on a user is not with the avatar, metres.
        energy: 0..1, the persona's: scales amplitudes and the rate of idle moves, and below 0.5 the
            number of nods.
        seed: what the variation of its moves begins with.
    """

    nods_per_minute: float = 8.0
    pose_after_s: float = 0.7
    idle_per_minute: float = 10.0
    attention: Attention = "always"
    look_grace_s: float = 2.0
    personal_space_m: float = 0.5
    far_m: float = 4.0
    energy: float = 0.5
    seed: int = 0

    def scaled(self, amount: float) -> float:
        """Returns an amount that is meant for half the energy, as it is for this persona, 0..1."""
        return round(min(1.0, amount * vigour(self.energy) / 0.7), 3)


def can_show(cue: BodyCue, vocabulary: frozenset[str] | None) -> bool:
    """Returns whether a client shows a cue that knows these gestures and expressions, None = all.

    Movements of head, eyes and posture every client knows, or ignores.
    """
    is_named = cue.kind in ("gesture", "face")
    return vocabulary is None or not is_named or cue.lexeme in vocabulary
