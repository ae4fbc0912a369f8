"""The vectors of binary frames."""

from __future__ import annotations

from typing import Any

import pytest
from kit.golden_vectors import cases

from voice_avatar.errors import ProtocolError
from voice_avatar.wire.frame_codec import FrameKind, unpack_audio


@pytest.mark.parametrize("case", cases("frames"))
def test_a_binary_frame_is_read_as_the_vector_says(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"]) + bytes(case.get("pad_bytes", 0))
    kind = FrameKind.AUDIO_IN if case["from"] == "client" else FrameKind.AUDIO_OUT
    if "error" in case:
        with pytest.raises(ProtocolError) as refused:
            unpack_audio(data, kind)
        assert refused.value.code == case["error"]
        return
    frame = unpack_audio(data, kind)
    if case.get("ignored"):
        assert frame is None
    else:
        assert frame is not None
        assert len(frame.payload) == case["payload_bytes"]
        for name in ("kind", "flags", "stream", "seq", "pts"):
            assert getattr(frame, name) == case[name]
