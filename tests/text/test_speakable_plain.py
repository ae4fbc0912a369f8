"""How a language without rules in code is read aloud."""

from __future__ import annotations

import pytest

from voice_avatar.text.speakable import speakable


def test_other_languages_keep_their_digits_for_their_voice() -> None:
    got = speakable("Ho **3,5** euro, d'accordo ? 😀", "it")
    assert got.spoken == "Ho 3,5 euro, d'accordo?"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("J'ai **3,5** euros, d'accord ? 😀", "J'ai trois virgule cinq euros, d'accord?"),
        ("Il coûte 12 € ou 1 250,90 €.", "Il coûte douze euros ou mille deux cent cinquante euros"
         " quatre-vingt-dix."),
        ("De 3,5 % à 7%.", "De trois virgule cinq pour cent à sept pour cent."),
        ("Il fait -3 °C.", "Il fait moins trois degrés."),
        ("M. Blanc et Mme Noir, n° 5", "monsieur Blanc et madame Noir, numéro cinq"),
        ("Rendez-vous à 14h30 le 12/03/2024.",
         "Rendez-vous à quatorze heures trente le douze mars deux mille vingt-quatre."),
        ("À 10:45, version 3.5, A4 et B2B",
         "À dix heures quarante-cinq, version trois point cinq, A quatre et B deux B"),
        ("5 kg & 10 km", "cinq kilos et dix kilomètres"),
        ("Au 06 12 34", "Au zéro six douze trente-quatre"),
        ("C'est 20.", "C'est vingt."),
        ("L'apéro, 3, 4", "L'apéro, trois, quatre"),
    ],
)  # fmt: skip
def test_french_is_read_by_its_data(text: str, spoken: str) -> None:
    assert speakable(text, "fr").spoken == spoken
