"""Write the folding table, version 1 (``pprl/party/reading/folding_v1.tsv``).

Run once when a version is made; the table is frozen afterwards, because two parties with different Python
versions (hence Unicode versions) must fold alike. It stays in the tree to say where the rows came from:
decomposition of Latin letters by Unicode's canonical and compatibility mappings, Greek by ELOT 743
(letter by letter), Cyrillic by a BGN/PCGN-like scheme without diacritics.

    python tools/make_folding_table.py > pprl/party/reading/folding_v1.tsv
"""

import sys
import unicodedata

LATIN = {
    "ß": "ss",
    "ẞ": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
    "ŋ": "n",
    "ħ": "h",
    "ŧ": "t",
    "ĸ": "k",
    "ŉ": "n",
    "ſ": "s",
    "ə": "e",
    "ƒ": "f",
    "ɓ": "b",
    "ɗ": "d",
    "ƙ": "k",
    "ɛ": "e",
    "ɔ": "o",
    "ƴ": "y",
    "ɣ": "g",
    "ɲ": "n",
    "ʒ": "z",
    "ŀ": "l",
    "ĳ": "ij",
    "ǆ": "dz",
    "ǉ": "lj",
    "ǌ": "nj",
    "ƀ": "b",
    "ɨ": "i",
    "ʉ": "u",
    "ɉ": "j",
    "ɍ": "r",
    "ɏ": "y",
    "ⱥ": "a",
    "ȼ": "c",
    "ⱦ": "t",
    "ƶ": "z",
}
GREEK = dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True)) | {
    "θ": "th",
    "χ": "ch",
    "ψ": "ps",
}
CYRILLIC = dict(zip("абвгдезиклмнопрстуф", "abvgdeziklmnoprstuf", strict=True)) | {
    "ё": "e",
    "ж": "zh",
    "й": "y",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ъ": "",
    "ы": "y",
    "ь": "",
    "э": "e",
    "ю": "yu",
    "я": "ya",
    "і": "i",
    "ї": "i",
    "є": "ye",
    "ґ": "g",
    "ў": "u",
    "ђ": "dj",
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "џ": "dz",
    "ѓ": "g",
    "ќ": "k",
    "ѕ": "dz",
    "ѐ": "e",
    "ѝ": "i",
    "ѣ": "e",
    "ѳ": "f",
    "ѵ": "i",
    "ғ": "g",
    "қ": "k",
    "ң": "n",
    "ү": "u",
    "ұ": "u",
    "һ": "h",
    "ә": "a",
    "ө": "o",
}
DROPPED = [
    0x27,
    0x60,
    0xAD,
    0xB4,
    *range(0x2B0, 0x370),
    0x2018,
    0x2019,
    0x201A,
    0x201B,
    0x2032,
    0x2035,
    0x384,
    0x385,
    0x55A,
    0x5F3,
    *range(0x483, 0x488),
    0x200B,
    0x200C,
    0x200D,
    0x2060,
    0xFE0E,
    0xFE0F,
    0xFEFF,
    0xFF07,
]
RANGES = [
    (0xA0, 0x250),
    (0x250, 0x2B0),
    (0x370, 0x400),
    (0x400, 0x500),
    (0x1E00, 0x1F00),
    (0x1F00, 0x2000),
    (0x2000, 0x2070),
    (0x2070, 0x209D),
    (0x2C60, 0x2C80),
    (0xFB00, 0xFB07),
    (0xFF01, 0xFF5F),
]


def base(ch: str) -> str:
    """Return what one code point folds to, or the code point itself when no rule applies."""
    lower = ch.lower()
    if ord(ch) in DROPPED:
        return ""
    for table in (LATIN, GREEK, CYRILLIC):
        if lower in table:
            return table[lower]
    if lower.isascii():
        if len(lower) == 1 and not lower.isalnum():
            return " "
        return lower
    parts = [p for p in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(p)]
    if parts == [lower]:
        category = unicodedata.category(ch)
        return " " if category[0] in "ZPSC" else ch
    return "".join(base(p) for p in parts)


def main() -> None:
    """Print one row a code point: hexadecimal code point, tab, replacement."""
    rows: dict[int, str] = {}
    for code in range(0x80):
        rows[code] = base(chr(code))
    for start, stop in RANGES:
        for code in range(start, stop):
            if unicodedata.category(chr(code)) != "Cn":
                rows[code] = base(chr(code))
    rows |= dict.fromkeys(DROPPED, "")
    rows[0x85] = rows[0x3000] = " "
    out = sys.stdout
    out.write(
        "# pprl folding table, version 1: code point, tab, replacement. Frozen; see docs/SPEC.md, section 4.\n"
    )
    for code, text in sorted(rows.items()):
        if text != chr(code):
            out.write(f"{code:04X}\t{text}\n")


if __name__ == "__main__":
    main()
