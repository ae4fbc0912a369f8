"""The table of models: complete, pinned, and with sound digests."""

from __future__ import annotations

from voice_avatar.models.table import DEFAULT_MODELS, MODELS


def test_the_default_models_cover_every_stage_once_and_are_pinned() -> None:
    defaults = [MODELS[name] for name in DEFAULT_MODELS]
    assert sorted(model.kind for model in defaults) == ["llm", "stt", "tts", "turn", "vad"]
    assert all(model.is_pinned for model in defaults)


def test_every_entry_of_the_table_has_a_source_a_licence_and_sound_digests() -> None:
    for name, model in MODELS.items():
        assert name == model.name
        assert model.licence
        assert model.files or model.hub
        assert model.size_bytes > 0
        for file in model.files:
            assert len(file.sha256) == 64
            assert set(file.sha256) <= set("0123456789abcdef")
            assert file.members
