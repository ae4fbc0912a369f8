"""Expressions, gaze, blinks and mouth -> the whole face, frame by frame. Pure."""
