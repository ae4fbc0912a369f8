"""Lets `python -m voice_avatar` do what `voice-avatar` does."""

import sys

from voice_avatar.cli.main import main

sys.exit(main())
