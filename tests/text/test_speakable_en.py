"""How English is read aloud."""

from __future__ import annotations

import pytest

from voice_avatar.text.speakable import speakable

ENGLISH = [
    # Whole numbers, decimals, signs.
    ("I have 3 cats.", "I have three cats."),
    ("It is 1,234,567.",
     "It is one million two hundred thirty-four thousand five hundred sixty-seven."),
    ("Pi is 3.14159.", "Pi is three point one four one five nine."),
    ("It is -5 or +7 or .5.", "It is minus five or plus seven or zero point five."),
    ("Agent 007", "Agent zero zero seven"),
    ("100000000000 and 1000000000000000",
     "one hundred billion and one zero zero zero zero zero zero zero zero zero zero zero "
     "zero zero zero zero"),
    ("The 1st, 2nd, 3rd, 20th and 112th.",
     "The first, second, third, twentieth and one hundred twelfth."),
    # Years and decades.
    ("In 1999, 2005, 2024 and 1900.",
     "In nineteen ninety-nine, two thousand five, twenty twenty-four and nineteen hundred."),
    ("In 1805 and 800", "In eighteen oh five and eight hundred"),
    ("the 1980s and the '90s", "the nineteen eighties and the nineties"),
    ("the 1900s", "the nineteen hundreds"),
    ("from 1990–1995", "from nineteen ninety to nineteen ninety-five"),
    # Dates.
    ("on March 5, 2024.", "on March fifth, twenty twenty-four."),
    ("on Mar. 5th", "on March fifth"),
    ("on 21st of June 2020", "on June twenty-first, twenty twenty"),
    ("in May 2020", "in May twenty twenty"),
    ("2024-03-05", "March fifth, twenty twenty-four"),
    ("12/25/2023", "December twenty-fifth, twenty twenty-three"),
    ("25/12/23", "December twenty-fifth, twenty twenty-three"),
    # Times.
    ("at 3:30 pm.", "at three thirty PM."),
    ("at 10:00, 14:05", "at ten o'clock, fourteen oh five"),
    ("at 10:00 a.m. today", "at ten AM today"),
    ("5 p.m.", "five PM."),
    ("from 9am-5pm, 9-5pm", "from nine AM to five PM, nine to five PM"),
    ("10:30-11:15", "ten thirty to eleven fifteen"),
    # Money.
    ("$5, $1, $3.50, £1.01, $0.99",
     "five dollars, one dollar, three dollars and fifty cents, one pound and one penny, "
     "zero dollars and ninety-nine cents"),
    ("€2.5 million or $5M or $3B",
     "two point five million euros or five million dollars or three billion dollars"),
    ("$5-10 and $5-$10", "five to ten dollars and five to ten dollars"),
    ("$20/month, $5.00", "twenty dollars per month, five dollars"),
    # Percent, degrees, units.
    ("50% or 5-10%, 3.5 %", "fifty percent or five to ten percent, three point five percent"),
    ("-5°C, 1 °F, 20-25℃, 90°, 70℉",
     "minus five degrees Celsius, one degree Fahrenheit, twenty to twenty-five degrees "
     "Celsius, ninety degrees, seventy degrees Fahrenheit"),
    ("5km, 1 km, 60 mph, 16 GB, 2.4GHz",
     "five kilometers, one kilometer, sixty miles per hour, sixteen gigabytes, two point "
     "four gigahertz"),
    ("5-10 kg, 2m², 6 ft", "five to ten kilograms, two square meters, six feet"),
    ("5'10\" tall", "five foot ten tall"),
    # Other numbers.
    ("pages 5-10, a 3-2 win, 3.5-4",
     "pages five to ten, a three to two win, three point five to four"),
    ("1/2, 3/4, 1/3, 2/5, 7/2, 24/7, 1/100",
     "one half, three quarters, one third, two fifths, seven over two, twenty-four seven, "
     "one over one hundred"),
    ("½ cup, x², ① Ⅷ ⅕ π", "one half cup, x squared, one eight pi"),
    ("16:9 at 1920x1080",
     "sixteen to nine at one thousand nine hundred twenty by one thousand eighty"),
    ("v2.0, 3.11.2, v1.2.3",
     "version two point zero, three point eleven point two, version one point two point three"),
    ("10k, 50K, 5M", "ten thousand, fifty thousand, five million"),
    ("Call 555-123-4567.", "Call five five five, one two three, four five six seven."),
    ("(555) 123-4567 or 555-1234",
     "five five five, one two three, four five six seven or five five five, one two three four"),
    ("+1 555 123 4567", "plus one, five five five, one two three, four five six seven"),
    # Addresses.
    ("See https://www.example.com/docs/?q=1.", "See example dot com slash docs."),
    ("See example.org, ok", "See example dot org, ok"),
    ("mail joe_b.2@my-site.com", "mail joe underscore b dot two at my dash site dot com"),
    ("run foo.py", "run foo dot py"),
    # Abbreviations.
    ("Dr. Ng and Mrs. Lee vs. Mr. Fox", "Doctor Ng and Missus Lee versus Mister Fox"),
    ("fruit, e.g. apples, i.e. food, etc.", "fruit, for example apples, that is food, et cetera."),
    ("St. Louis, 5 Main St.", "Saint Louis, five Main Street."),
    ("No. 5, Fig. 3, pp. 10. No. I am.", "number five, figure three, pages ten. No. I am."),
    ("the U.S. has J. R. R. Tolkien fans with a Ph.D.",
     "the U-S has J-R-R Tolkien fans with a P-H-D."),
    ("World War II, Chapter IV", "World War two, Chapter four"),
    ("w/ milk, w/o sugar", "with milk, without sugar"),
    ("GPT-4, B2B, A4, COVID-19, ISO9001, 3D, 4K",
     "GPT four, B-two B, A-four, COVID nineteen, ISO nine zero zero one, three D, four K"),
    # Signs.
    ("you & me @ home + more", "you and me at home plus more"),
    ("2 + 2 = 4, 3 * 4, 8 ÷ 2", "two plus two equals four, three times four, eight divided by two"),
    ("a < b, c > d, ~5, x ≤ y", "a less than b, c greater than d, about five, x at most y"),
    ("C++, C#, F# and #1 #fun", "C plus plus, C sharp, F sharp and number one hashtag fun"),
    ("§ 5, √2, 2 ^ 3, a^b, 5 % of",
     "section five, the square root of two, two to the power of three, a to the power of "
     "b, five percent of"),
    ("and/or", "and or"),
    # Punctuation, markup and what is not spoken.
    ("Hello — world (really)! \"Hm...\"", "Hello, world, really! Hm."),
    ("Wait... what?! Oh no…", "Wait, what? Oh no,"),
    ("one - two -- three", "one, two, three"),
    ("| a | b |", "a, b"),
    ("**bold** `code` # x 😀", "bold code x"),
    ("line one\nline two", "line one. line two"),
    ("it’s rock-n-roll", "it's rock-n-roll"),
    ("café naïve", "café naïve"),
    ("１２ cats, ٣ dogs", "twelve cats, three dogs"),
    ("say 你好 now", "say你好now"),
    ("1. Apples", "one. Apples"),
    ("...", ""),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "spoken"), ENGLISH)
def test_english_is_read_as_people_read_it(text: str, spoken: str) -> None:
    assert speakable(text, "en").spoken == spoken
