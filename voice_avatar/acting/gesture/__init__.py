"""Tags, words and stress -> gestures, head, gaze and expressions of a reply. Pure."""
