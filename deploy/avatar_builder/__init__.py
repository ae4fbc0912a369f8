"""Builds the avatars of voice_avatar/web/avatars from the CC0 data of MakeHuman (`make avatar`)."""
