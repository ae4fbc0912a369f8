"""Writes the golden lists of `realtime/test_dialect.py`; what changes is to be read in the diff."""

from __future__ import annotations

import json

from test_realtime_dialect import GOLDEN, TALKS, golden

if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name in TALKS:
        for is_beta in (False, True):
            if is_beta and name not in ("typed", "spoken", "interrupted"):
                continue
            path = GOLDEN / f"{name}{'-beta' if is_beta else ''}.json"
            told = golden(name, is_beta=is_beta)
            text = "[\n" + ",\n".join(json.dumps(event) for event in told) + "\n]\n"
            path.write_text(text, encoding="utf-8")
