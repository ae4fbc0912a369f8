"""Money and measures in English."""

from __future__ import annotations

import pytest

from voice_avatar.text.speakable import speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("-$40", "minus forty dollars"),
        ("USD 300 or 300 USD", "three hundred US dollars or three hundred US dollars"),
        ("C$15", "fifteen Canadian dollars"),
        ("50¢", "fifty cents"),
        ("5 €", "five euros"),
        ("€2.5 million", "two point five million euros"),
        ("5~10 km", "five to ten kilometers"),
        ("6 ft 2 in", "six foot two"),
        ("2 tbsp and 1 tsp", "two tablespoons and one teaspoon"),
        ("9.8 m/s²", "nine point eight meters per second squared"),
        (
            "5 mg/mL and 1,000 mi/h",
            "five milligrams per milliliter and one thousand miles per hour",
        ),
        ("1€/day", "one euro per day"),
        ("~$20", "about twenty dollars"),
        ("3 cm²", "three square centimeters"),
    ],
)
def test_amounts_keep_their_sign_and_unit(text: str, spoken: str) -> None:
    assert speakable(text, "en").spoken == spoken
