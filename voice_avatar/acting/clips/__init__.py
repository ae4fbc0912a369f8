"""Gesture, head and posture clips of our own: key poses, skeleton, VRM animations. Pure."""
