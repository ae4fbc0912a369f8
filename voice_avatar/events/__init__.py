"""What passes between rooms: frozen values without behaviour. Pure."""
