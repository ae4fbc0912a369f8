"""The golden vectors: they are what the code makes, and Python and JavaScript pass them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.client.rules.mouth import MouthTrack
from voice_avatar.client.rules.reactions import Reactions
from voice_avatar.conformance.documents.message_schemas import CLIENT_MESSAGES, SERVER_MESSAGES, tag
from voice_avatar.conformance.vectors import golden
from voice_avatar.errors import ProtocolError
from voice_avatar.wire.frame_codec import FrameKind, unpack_audio
from voice_avatar.wire.text import UnknownType, decode_server_text, decode_text

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / golden.FOLDER
DECODERS = {"client": decode_text, "server": decode_server_text}


def cases(name: str) -> list[Any]:
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert document["format"] == golden.FORMAT
    names = [case["name"] for case in document["cases"]]
    assert len({(c.get("from"), c["name"]) for c in document["cases"]}) == len(names)
    return [
        pytest.param(case, id=f"{case.get('from', '')} {case['name']}".strip())
        for case in document["cases"]
    ]


def test_the_committed_files_are_those_that_the_code_makes() -> None:
    assert golden.main(["--check", "--folder", str(FOLDER)]) == 0, (
        "run `python -m voice_avatar.conformance.vectors.golden` and commit what it wrote"
    )


def test_outdated_and_missing_files_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clock.json").write_text("{}")
    assert golden.main(["--check", "--folder", str(tmp_path)]) == 1
    assert "differs: clock.json" in capsys.readouterr().out
    assert golden.main(["--folder", str(tmp_path)]) == 0
    assert golden.main(["--check", "--folder", str(tmp_path)]) == 0


def test_the_folder_holds_what_its_readme_lists() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    for name in golden.DOCUMENTS:
        assert f"| `{name}` |" in text
    assert {path.name for path in FOLDER.glob("*.json")} == {
        *golden.DOCUMENTS,
        "retraction.json",  # by hand, run by tests/client/rules/test_retraction.py
    }


def frame_of(case: dict[str, Any]) -> str | bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "text" in case:
        return str(case["text"])
    head, filler, count, tail = case["text_parts"]
    return str(head + filler * count + tail)


@pytest.mark.parametrize("case", cases("messages"))
def test_a_text_frame_is_read_as_the_vector_says(case: dict[str, Any]) -> None:
    decode = DECODERS[case["from"]]
    if "error" in case:
        with pytest.raises(ProtocolError) as refused:
            decode(frame_of(case))
        assert refused.value.code == case["error"]
        return
    message = decode(frame_of(case))
    if "unknown" in case:
        assert isinstance(message, UnknownType)
        assert (message.type, not message.is_experimental) == (case["unknown"], case["warns"])
    else:
        assert json.loads(msgspec.json.encode(message)) == case["value"]
        assert decode(json.dumps(case["value"])) == message


def test_every_message_is_in_the_vectors_whole_and_with_unknown_fields() -> None:
    for sender, kinds in (("client", CLIENT_MESSAGES), ("server", SERVER_MESSAGES)):
        named = {p.values[0]["name"] for p in cases("messages") if p.values[0]["from"] == sender}
        for kind in kinds:
            assert {f"{tag(kind)}, whole", f"{tag(kind)}, unknown fields"} <= named


def test_the_field_that_is_missing_of_a_broken_message_is_what_makes_it_refused() -> None:
    wrong = [p.values[0] for p in cases("messages") if ", no " in p.values[0]["name"]]
    assert len(wrong) > 3
    for case in wrong:
        name = case["name"].rpartition(", no ")[2]
        assert case["error"] == "bad_field"
        assert name not in json.loads(case["text"])


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


def test_a_planned_mouth_of_every_set_opens_and_comes_to_rest() -> None:
    found = {p.values[0]["set"]: p.values[0] for p in cases("mouth") if "planned" in p.id}
    assert set(found) == set(VISEME_SETS)
    for case in found.values():
        shown = [sample["weights"] for sample in case["samples"]]
        assert shown[-1] is None  # beyond until_ms
        assert all(0 < weight <= 1 for pairs in shown if pairs for _, weight in pairs)
        assert len({json.dumps(pairs) for pairs in shown}) > 4


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


def test_gestures_of_the_vectors_move_without_jumps() -> None:
    for case in (p.values[0] for p in cases("movement")):
        by_id: dict[str, list[tuple[float, float]]] = {}
        for sample in case["samples"]:
            for name, _, weight in sample.get("gestures", ()):
                by_id.setdefault(name, []).append((sample["t_ms"], weight))
                assert 0 <= weight <= 1


def test_of_every_reply_in_the_playout_vectors_no_sample_is_lost_or_heard_twice() -> None:
    for case in (p.values[0] for p in cases("playout")):
        before = 0
        for event, after in zip(case["events"], case["expect"], strict=True):
            if event["do"] == "begin":
                before = 0
            if event["do"] != "pull":
                continue
            values = [v + n if v else 0 for v, count in after["heard"] for n in range(count)]
            assert len(values) == event["samples"]
            fresh = [value for value in values if value]
            assert fresh == sorted(set(fresh))
            assert all(value > before for value in fresh)
            before = fresh[-1] if fresh else before


@pytest.mark.parametrize("case", cases("sessions"))
def test_a_client_does_in_a_session_what_the_vector_says(case: dict[str, Any]) -> None:
    reactions = Reactions()
    flushed: set[int] = set()
    for step in case["steps"]:
        if "close" in step:
            actions = [reactions.closed(step["close"])]
        elif "text" in step:
            actions = reactions.text(step["text"])
        else:
            actions = reactions.binary(bytes.fromhex(step["hex"]))
        assert msgspec.to_builtins(actions) == step["actions"]
        for action in actions:
            if action.do == "flush":
                flushed.add(action.reply_id)
            if action.do in {"play", "schedule", "gap"}:
                assert action.reply_id not in flushed


def test_javascript_passes_every_vector() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, "--test", "tests/js/vectors.test.mjs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.lstrip("v").partition(".")[0]) < 20:
        pytest.skip(f"node {version.stdout.strip()} is too old for its own test runner")
    assert done.returncode == 0, done.stdout[-4000:]
    count = sum(len(json.loads((FOLDER / n).read_text())["cases"]) for n in golden.DOCUMENTS)
    assert f"# pass {count}" in done.stdout.replace("ℹ", "#")
