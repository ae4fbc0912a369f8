"""The mouth of a client."""

from __future__ import annotations

from kit.golden_vectors import cases

from voice_avatar.client.rules.mouth import MouthTrack


def test_a_mouth_is_the_same_whether_its_keys_come_at_once_or_in_pieces() -> None:
    case = next(p.values[0] for p in cases("mouth") if p.id == "planned, ovr15")
    track = MouthTrack()
    for message in case["messages"]:
        times = sorted({key[0] for key in message["keys"]})
        for time in times:
            track.add([tuple(k) for k in message["keys"] if k[0] == time], message["until_ms"])
    for sample in case["samples"]:
        weights = track.at(float(sample["t_ms"]))
        expected = sample["weights"] and dict(sample["weights"])
        assert (weights and {v: round(w, 4) for v, w in weights.items()}) == expected
