"""The vectors of what is played."""

from __future__ import annotations

from kit.golden_vectors import cases


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
