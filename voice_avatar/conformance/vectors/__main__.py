"""Lets `python -m voice_avatar.conformance.vectors` write the golden vectors, or check them."""

import sys

from voice_avatar.conformance.vectors.golden import main

sys.exit(main(sys.argv[1:]))
