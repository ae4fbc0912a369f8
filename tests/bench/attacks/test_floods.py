"""What floods are made of."""

from __future__ import annotations

import pytest

from voice_avatar.audio import opus
from voice_avatar.bench.attacks.floods import FLOODS, long_packet
from voice_avatar.events.payloads import MIC_HZ


def test_one_of_them_is_honest_and_the_others_are_measured_by_it() -> None:
    assert [each.name for each in FLOODS if each.is_honest] == ["honest"]
    assert len({each.name for each in FLOODS}) == len(FLOODS)


@pytest.mark.skipif(not opus.available(), reason="no libopus here")
def test_a_long_packet_is_120_ms_of_opus() -> None:
    decoder = opus.OpusDecoder(MIC_HZ)
    packet = long_packet()
    decoded = decoder.push(packet, 0)
    assert len(decoded.pcm) // 2 == pytest.approx(0.12 * MIC_HZ, abs=0.01 * MIC_HZ)
