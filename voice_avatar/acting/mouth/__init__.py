"""Phonemes and loudness -> what the mouth does. Pure."""
