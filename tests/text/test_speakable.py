"""How display text is read aloud, and which spoken words belong to which display word."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice_avatar.text import numbers_en, speakable_zh
from voice_avatar.text.markup import is_emoji
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

CHINESE = [
    ("我今年25岁。", "我今年二十五岁。"),
    ("2024年3月5日，下午3:30。", "二零二四年三月五日，下午三点三十分。"),
    ("2024-03-05，2024/3/5", "二零二四年三月五日，二零二四年三月五日"),
    ("10:05-11:00，2:00", "十点零五分到十一点，两点"),
    ("¥5.5，$10，€3，￥2万，$5-10", "五点五元，十美元，三欧元，二万元，五到十美元"),
    ("增长50%，约5%-10%", "增长百分之五十，约百分之五到百分之十"),
    ("-5°C到25℃，20-25℃，30°，70℉",
     "零下五摄氏度到二十五摄氏度，二十到二十五摄氏度，三十度，七十华氏度"),
    ("请打13800138000或010-12345678，400-123-4567，拨110报警",
     "请打幺三八零零幺三八零零零或零幺零幺二三四五六七八，四零零幺二三四五六七，拨幺幺零报警"),
    ("2个苹果，12个梨，第2个，2月", "两个苹果，十二个梨，第二个，二月"),
    ("10，11，20，100，101，110，1000，1010，1005",
     "十，十一，二十，一百，一百零一，一百一十，一千，一千零一十，一千零五"),
    ("2000，20000，20500，100000，100000001，200，10000000",
     "两千，两万，两万零五百，十万，一亿零一，二百，一千万"),
    ("1,234,567.8，-3，+4，0，007", "一百二十三万四千五百六十七点八，负三，加四，零，零零七"),
    ("12345678901234567", "一二三四五六七八九零一二三四五六七"),
    ("3/4，比分3:2，1-5天", "四分之三，比分三比二，一到五天"),
    ("5km，2kg，3-5g，60km/h，2m²", "五公里，两公斤，三到五克，六十公里每小时，两平方米"),
    ("GPT-4，A4，MP3，3D", "GPT四，A四，MP三，三D"),
    ("v1.2.3，No.5，#3", "一点二点三，五号，三号"),
    ("看www.example.com/a1?x=2。", "看example点com斜杠a一。"),
    ("看test.cn，写a.b@c.com", "看test点cn，写a点b艾特c点com"),
    ("2 + 2 = 4，3 * 4，8÷2，~5，a & b", "二加二等于四，三乘以四，八除以二，约五，a和b"),
    ("1 < 2，3 > 2，x ≤ y ≥ z", "一小于二，三大于二，x小于等于y大于等于z"),
    ("5 %，%，°，√2，π，∞，a→b，@", "百分之五，百分号，度，根号二，派，无穷，a到b，艾特"),
    ("½杯，x²，①Ⅷ⅕", "二分之一杯，x平方，一八"),
    ("“你好！”她说……（真的）", "你好！她说，真的"),
    ("我爱Python！😀It’s fun", "我爱Python！It's fun"),
    ("hello, world. ok?", "hello，world。ok？"),
    ("３个", "三个"),
    ("第一行\n第二行", "第一行。第二行"),
    ("foo.py", "foo点py"),
    ("《红楼梦》、茶；好：对", "红楼梦、茶；好，对"),
    ("**", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "spoken"), ENGLISH)
def test_english_is_read_as_people_read_it(text: str, spoken: str) -> None:
    assert speakable(text, "en").spoken == spoken


@pytest.mark.parametrize(("text", "spoken"), CHINESE)
def test_chinese_is_read_as_people_read_it(text: str, spoken: str) -> None:
    assert speakable(text, "zh").spoken == spoken


def test_other_languages_keep_their_digits_for_their_voice() -> None:
    got = speakable("Ho **3,5** euro, d'accordo ? 😀", "it")
    assert got.spoken == "Ho 3,5 euro, d'accordo?"


def pairs(text: str, language: str) -> list[tuple[str, str]]:
    got = speakable(text, language)
    return [(text[w.start : w.end], got.spoken[w.spoken_start : w.spoken_end]) for w in got.words]


def test_each_display_word_knows_its_spoken_words() -> None:
    assert pairs('On March 5, 2024, I paid "$3.50" — (really) and/or 5 kg!', "en") == [
        ("On", "On"),
        ("March 5, 2024,", "March fifth, twenty twenty-four"),
        ("I", "I"),
        ("paid", "paid"),
        ('"$3.50"', "three dollars and fifty cents"),
        ("(really)", "really"),
        ("and/", "and"),
        ("or", "or"),
        ("5 kg!", "five kilograms"),
    ]


def test_chinese_has_one_word_per_character_and_one_per_latin_run() -> None:
    assert pairs("“我用GPT-4”，花了2000元。", "zh") == [
        ("“我", "我"),
        ("用", "用"),
        ("GPT-4”，", "GPT四"),
        ("花", "花"),
        ("了", "了"),
        ("2000", "两千"),
        ("元。", "元"),
    ]


def test_punctuation_between_words_goes_to_the_word_that_it_closes_or_opens() -> None:
    assert pairs("yes(no)—so", "en") == [("yes", "yes"), ("(no)—", "no"), ("so", "so")]


_ODD = st.sampled_from(
    [
        *"0123456789.,:/-%$€°CFk#@&*_[]()<>=+~^'\"|²½Ⅷ①😀👍好的年月a Zé\u0301\n…—！？。，٣３一℃",
        "km",
        "http://",
        "pm",
        "e.g.",
    ]
)


@given(
    st.lists(_ODD, max_size=25).map("".join) | st.text(max_size=60), st.sampled_from(["en", "zh"])
)
@example("2024-13-45 99:99 $.5.5 1/0 0/0 +1-2-3 5'", "en")
@example("1/0 ¥¥5 --3 99:99 2024-99-99", "zh")
def test_nothing_unspeakable_reaches_the_voice(text: str, language: str) -> None:
    got = speakable(text, language)
    assert not re.search(r"[\d*_#`\[\](){}<>|/\\@&=+~^$%\"]", got.spoken)
    assert not any(char.isnumeric() and not char.isalpha() for char in got.spoken)
    assert not any(is_emoji(char) for char in got.spoken)


@given(
    st.lists(_ODD, max_size=25).map("".join) | st.text(max_size=60),
    st.sampled_from(["en", "zh", "fr", "it"]),
)
def test_spans_cover_the_words_in_order(text: str, language: str) -> None:
    got = speakable(text, language)
    display = spoken = 0
    rest = []
    for word in got.words:
        assert display <= word.start < word.end <= len(text)
        assert spoken <= word.spoken_start < word.spoken_end <= len(got.spoken)
        rest.append(text[display : word.start] + got.spoken[spoken : word.spoken_start])
        display, spoken = word.end, word.spoken_end
    rest.append(got.spoken[spoken:])
    # Only pauses are outside the words of `spoken`, and no ordinary letter is outside of `text`'s.
    assert not re.search(r"[a-zA-Z0-9\u4e00-\u9fff]", "".join(rest))


@given(st.integers(0, 10**16))
@example(10**16)
def test_every_number_has_words(number: int) -> None:
    assert re.fullmatch(r"[a-z -]+", numbers_en.cardinal(number))
    assert re.fullmatch(r"[a-z -]+", numbers_en.ordinal(number))
    assert re.fullmatch(r"[零一二三四五六七八九十百千万亿兆两]+", speakable_zh.cardinal(number))


@pytest.mark.parametrize("language", ["en", "zh", "fr", "it"])
@pytest.mark.parametrize("text", ["1" * 5000, "1" * 5000 + "th", "9," * 500, "1/" * 500, "." * 500])
def test_no_length_of_number_is_too_much(text: str, language: str) -> None:
    assert len(speakable(text, language).spoken) <= 7 * len(text)


def test_a_negative_number_says_so() -> None:
    assert numbers_en.cardinal(-3) == "minus three"


def test_chinese_numbers_follow_the_rules_for_zero_and_two() -> None:
    said = {
        0: "零", 2: "二", 10: "十", 12: "十二", 22: "二十二", 102: "一百零二", 212: "二百一十二",
        2002: "两千零二", 10_010: "一万零一十", 22_222: "两万两千二百二十二", 120_000: "十二万",
        100_000_000: "一亿", 200_000_000: "两亿", 100_010_000: "一亿零一万",
        1_000_000_000_001: "一兆零一",
    }  # fmt: skip
    assert {number: speakable_zh.cardinal(number) for number in said} == said
