"""How French is read aloud."""

from __future__ import annotations

import pytest

from voice_avatar.text.speakable import speakable
from voice_avatar.text.speakable_fr import ordinal


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Cela coûte 12,50 €.", "Cela coûte douze euros cinquante."),
        ("1 € ou 3 M€", "un euro ou trois millions d'euros"),
        ("$20 et -5 £", "vingt dollars et moins cinq livres"),
        ("le 1er mai 2024", "le premier mai deux mille vingt-quatre"),
        ("14/07/1789", "quatorze juillet mille sept cent quatre-vingt-neuf"),
        ("à 20 h 30, 1h et 9h-17h",
         "à vingt heures trente, une heure et neuf heures à dix-sept heures"),
        ("06 12 34 56 78", "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
        ("+33 6 12 34 56 78",
         "plus trente-trois, six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
        ("4111 1111 1111 1111",
         "quatre un un un, un un un un, un un un un, un un un un"),
        ("1 km, 2 km², 100 km/h",
         "un kilomètre, deux kilomètres carrés, cent kilomètres à l'heure"),
        ("5–10 kg, 10-15 %", "cinq à dix kilos, dix à quinze pour cent"),
        ("Louis XIV, François Ier, le XIXe siècle",
         "Louis quatorze, François premier, le dix-neuvième siècle"),
        ("Vers Dieppe. De Vence, Xe", "Vers Dieppe. De Vence, Xe"),
        ("10 - 3 = 7, 3 × 4, 8 ÷ 2",
         "dix moins trois égale sept, trois fois quatre, huit divisé par deux"),
        ("1/2, 3/4, 2/3, 5/8", "un demi, trois quarts, deux tiers, cinq sur huit"),
        ("x², 5 m³", "x au carré, cinq mètres cubes"),
        ("info@example.fr ou www.example.fr/docs",
         "info arobase example point fr ou example point fr slash docs"),
        ("v2.0, 1.2.3", "version deux point zéro, un point deux point trois"),
        ("un score de 3-2", "un score de trois à deux"),
        ("T'as vu l'I.A. ? Oui", "T'as vu l'I.A? Oui"),
        ("300 k€", "trois cents mille euros"),
        ("p. ex. MP3", "par exemple MP trois"),
    ],
)  # fmt: skip
def test_french_is_read_as_people_read_it(text: str, spoken: str) -> None:
    assert speakable(text, "fr").spoken == spoken


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "premier"), (2, "deuxième"), (4, "quatrième"), (5, "cinquième"), (9, "neuvième"),
     (21, "vingt et unième"), (80, "quatre-vingtième"), (100, "centième"), (200, "deux centième"),
     (1000, "millième")],
)  # fmt: skip
def test_ordinals_follow_from_cardinals(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_a_first_thing_has_a_gender() -> None:
    assert ordinal(1, is_feminine=True) == "première"
