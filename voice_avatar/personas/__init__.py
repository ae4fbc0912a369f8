"""Who the avatar is. Pure."""
