"""What goes into the test vectors: accents, apostrophes, hyphens, other scripts, gaps, and what must be refused."""

from __future__ import annotations

EXAMPLE = """\
format = "pprl-agreement/1"
project = "example"

[[field]]
name = "surname"
type = "surname"

[[field]]
name = "date_of_birth"
type = "date"

[[blocking]]
keys = ["soundex(surname)", "year(date_of_birth)"]
"""

NOT_PLAIN = [
    0x0, 0x7, 0x9, 0xA, 0xD, 0x1B, 0x1F, 0x7F, 0x80, 0x9B, 0x9F, 0xA0, 0xAD, 0x600, 0x61C, 0x6DD, 0x70F, 0x890, 0x8E2,
    0x1680, 0x180E, 0x2000, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202E, 0x202F, 0x205F, 0x2060, 0x2066, 0x206F,
    0x3000, 0xE000, 0xF8FF, 0xFEFF, 0xFFF9, 0xFFFE, 0xFFFF, 0x110BD, 0x110CD, 0x13430, 0x1BCA0, 0x1D173, 0xE0001,
    0xE0020, 0xF0000, 0x10FFFF,
]  # fmt: skip

FOLD = [
    "", " ", "Smith", "SMITH", "  Anna   Maria  ", "O'Brien", "O’Brien", "O‘Brien", "Oʼbrien", "O`Brien", "O´Brien",
    "D'Angelo", "Smith-Jones", "Smith‐Jones", "Smith‑Jones", "Smith–Jones", "Smith—Jones", "McDonald", "Mc Donald",
    "MacDonald", "Müller", "Mu\u0308ller", "MÜLLER", "Straße", "STRASSE", "STRAẞE", "Núñez",
    "Nu\u0301n\u0303ez", "Åse",
    "A\u030ase", "Łukasz", "Øystein", "Æsa", "Þóra", "Đorđe", "Çelik", "İbrahim", "Işık", "Nguyễn",
    "Nguye\u0302\u0303n",
    "Ștefan", "Ştefan", "Dvořák", "Ўўв", "Иванова", "ИВАНОВА", "Сергей", "Сергеи\u0306", "СЕРГЕИ\u0306", "Алёна",
    "Але\u0308на", "Щербаков", "Юлия", "Объедков", "Ольга", "Ґалаґан", "Їжак", "Ђорђе", "Љубица", "Қанат",
    "Παπαδόπουλος",
    "ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδο\u0301πουλος", "Χρήστος", "Ψαρράς", "Θεοδώρα", "Εὐγενία", "Ｓｍｉｔｈ", "ﬁona", "ĳsbrand",
    "½", "x²", "№5", "12 345", "12\u00a0345", "tab\there", "a_b", "a\u200bb", "a\u00adb", "a\u2028b", "\ufeffAnna",
    "山田", "김민준", "שרה", "محمد", "Ⴀ", "😀", "a\u0000b", "\u0345", "e\u0301\u0302\u0306",
]  # fmt: skip

NORMALISE = {
    "given-name": [
        "", "   ", "-", "Anna Maria", "Dr. Anna", "DR", "Mr. Dr. Prof. Sir Ivan", "Miss", "Jean-Luc",
        "Zoë", "Zoe\u0308",
        "Сергей", "Ελένη", "Dame Judi", "Mrs Dr", "\u1680", "Mr\u2003Anna", "\u1680Anna",
    ],
    "surname": [
        "", "O'Brien", "O’Brien", "O Brien", "OBrien", "Mc Donald", "McDonald", "Mac Donald", "MACDONALD",
        "Mac", "Mc",
        "Mac O Brien", "O Mac Mac", "Van der Berg", "Smith-Jones", "NA", "Müller", "Mueller", "Иванова",
        "Παπαδόπουλος",
        "Dr Smith", "?",
    ],
    "full-name": [
        "Dr. Anna O'Brien", "Anna O Brien", "Anna Mc Donald", "Mac Donald", "Prof", "Smith, Anna", "Mr O Mc Guire",
    ],
    "sex": [
        "", "M", "male", "1", "Männlich", "F", "woman", "2", "w", "X", "non-binary", "NonBinary", "3", "0",
        "9", "unknown",
        "N/A", "not known", "Not specified", "U", "mm", "?", "robot", "４", "Ｆ",
    ],
    "address": [
        "12 Main Street", "12 main st.", "Flat 3, 5 St. James' Avenue", "Apt 3 5 Saint James Av", "Königstraße 5",
        "König Strasse 5", "Unit 1/2 North Tce", "", "Mount Street", "12a High-Street",
    ],
    "locality": ["", "St. Ives", "Zürich", "Αθήνα", "Москва", "North-East Town"],
    "postcode": ["", "0800", "QV1 6YQ", "qv1-6yq", "Ａ1", "  ", "1010 AB", "00-950"],
    "phone": [
        "", "+49 (0)30 123456", "030/123456", "0412 345 678", "+61 412 345 678", "12", "n/a", "-", "٣",
        "０４１２", "x2",
    ],
    "email": [
        "", "Anna.Maria@Example.org", "anna-maria@example.org", "a@b@c", "@example.org", "anna@", "no address", "@",
        "Jürgen@müller.de", "a b@c d",
    ],
    "identifier": ["", "AB 12-34 C", "ab1234c", "0012", "Ñ-1", "-"],
    "code": ["", "A/B 12", "a b 12", "A-B-12", "ß"],
}  # fmt: skip

DATES = {
    "DD/MM/YYYY": [
        "", " ", "12/07/1987", "12.7.1987", "12-07-1987", "12 07 1987", "12071987", "07/12/1987", "00/07/1987",
        "?/07/1987", "??/??/1987", "xx/07/1987", "--/07/1987", "07/1987", "1987", "00/00/0000",
        "00/00/1987", "31/02/1987",
        "32/01/1987", "12/13/1987", "12/07/87", "12/07/19877", "12/07/0999", "12/07/3000", "1987-07-12",
        "12/jul/1987",
        "12 JULY 1987", "12 Juli 1987", "12/07/1987 10:30", "12/07/1987T10:30:00Z", "12/07/1987 10:30:00.5+02:00",
        "12/07/1987 10", "1/2/3/4", "0", "?", "//", "12//1987", "/07/1987", "12/07/", "12 / 07 / 1987",
        "12.-07.-1987", "-- -- 1987", "12/--/1987", "1207198", "n/a", "unknown", "１２/07/1987",
        "12071987x",
        "00071987", "12001987", "12070000", "99991987", "9/9/", "12/07/1987 a:b", "3/2/2000 ", "\u00a03/2/2000",
        "12/07/1987/", "1st/07/1987", "12/07/+987", "-12/07/1987",
    ],
    "YYYY-MM-DD": [
        "1987-07-12", "1987-12-07", "1987/7/12", "19870712", "1987-07", "1987", "1987-07-00", "1987-00-00",
        "0000-07-12", "????-07-12", "1987-??-12", "1987-13-12", "1987-07-12T00:00:00", "1987-07-12 00:00",
        "1987-7-12 9:05:00", "1987--12", "1987----12", "1987-", "-07-12", "--07-12", "87-07-12",
        "19870700", "12/07/1987",
    ],
    "MM/DD/YYYY": ["07/12/1987", "07121987", "12/31/2001", "31/12/2001", "7/1987"],
    "DDMMYYYY": ["12071987", "12-07-1987", "00001987", "1207187"],
    "DD MON YYYY": ["12 Jul 1987", "12-JUL-1987", "1 sept. 1987", "12 July, 1987", "Jul 1987",
    "12 07 1987", "12jul1987"],
    "DDMONYYYY": ["12JUL1987", "1jan2000", "12XXX1987", "12 JUL 1987", "12MAY1987T10:00"],
    "MON-DD-YYYY": ["May-03-1999", "maY 3, 1999", "MAY031999"],
}  # fmt: skip

TOKENS = [
    *[(kind, q, value) for kind in ("surname", "full-name") for q in (1, 2, 3)
      for value in ("", "o", "obrien", "anna anna", "van der berg", "banana", "山田 太郎")],
    *[("postcode", q, value) for q in (1, 2, 3) for value in ("", "0800", "qv16yq", "1", "山1")],
    ("identifier", 2, "1" * 70), ("phone", 2, "412345678"), ("email", 2, "annamaria exampleorg"),
    *[("date", 0, value) for value in (
        "", "1987-07-12", "1987-12-07", "1987-07-07", "1987-07-00", "1987-00-12", "1987-00-00", "0000-07-12",
        "0000-07-07", "0000-00-12")],
    ("sex", 0, "f"), ("sex", 0, ""), ("code", 0, "a b 12"),
]  # fmt: skip

WORDS = [
    "", "a", "smith", "smyth", "obrien", "ashcraft", "ashcroft", "tymczak", "pfister", "jackson", "lloyd", "rupert",
    "knight", "gnome", "pneumonia", "wright", "aesop", "thompson", "schmidt", "catherine", "kathryn",
    "church", "ciara",
    "city", "accident", "edge", "lodge", "gough", "ghost", "sign", "signe", "dumb", "dumber", "phone",
    "sean", "shaw",
    "mission", "asia", "nation", "watch", "white", "whale", "owen", "snow", "xavier", "xhosa", "xia", "alexander",
    "yvonne", "beyer", "zachary", "quinn", "jack", "mac", "hannah", "ahmed", "vaughn", "aaron", "ssss",
    "wh", "x", "gh",
    "mb", "knn",
    # Soundex: every digit, h and w between, vowels and y between, the first letter's own digit, cut and filled.
    "bfpv", "cgjkqsxz", "dt", "mn", "bhbwb", "bab", "byb", "hbh", "wcw", "yd", "ahwd", "rhhr", "sc", "sac", "bpabp",
    "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", "llwhlm", "tdatd", "honeyman", "vandeusen",
]  # fmt: skip

RECORDS = [
    {"given_name": "Anna", "surname": "O’Brien", "full_name": "Dr. Anna O'Brien", "born": "12/07/1987", "sex": "F",
     "address": "12 Main Street", "locality": "Eastmarrow", "postcode": "QV1 6YQ", "phone": "+44 1632 960123",
     "email": "anna.obrien@example.org", "number": "AB-12 34", "code": "A/7"},
    {"given_name": "Anna", "surname": "O Brien", "full_name": "Anna O Brien", "born": "07/12/1987", "sex": "female",
     "address": "12 Main St", "locality": "East-Marrow", "postcode": "qv16yq", "phone": "01632 960124", "email": "",
     "number": "AB1234", "code": "a 7"},
    {"given_name": "Zoë", "surname": "Mc Donald-Núñez", "full_name": "Zoe\u0308 Mc Donald-Nu\u0301n\u0303ez",
     "born": "??/07/1987", "sex": "unknown", "address": "Königstraße 5", "locality": "Zürich", "postcode": "0800",
     "phone": "", "email": "zoë@example.org", "number": "", "code": ""},
    {"given_name": "Сергей", "surname": "Щербаков", "full_name": "Сергеи\u0306 Щербаков",
     "born": "00/00/1961", "sex": "М",
     "address": "", "locality": "Москва", "postcode": "", "phone": "495 1234567", "email": "",
     "number": "", "code": ""},
    {"given_name": "Ελένη", "surname": "Παπαδόπουλος", "full_name": "Ελε\u0301νη Παπαδο\u0301πουλος",
     "born": "1961",
     "sex": "", "address": "", "locality": "Αθήνα", "postcode": "", "phone": "", "email": "", "number": "",
     "code": "山田"},
    {"given_name": "", "surname": "", "full_name": "", "born": "", "sex": "", "address": "", "locality": "",
     "postcode": "", "phone": "", "email": "", "number": "", "code": "only"},
]  # fmt: skip
RECORD_FIELDS = {
    "given_name": "given-name", "surname": "surname", "full_name": "full-name", "born": "date", "sex": "sex",
    "address": "address", "locality": "locality", "postcode": "postcode", "phone": "phone", "email": "email",
    "number": "identifier", "code": "code",
}  # fmt: skip
RECORD_PASSES = [
    ["soundex(surname)", "year(born)"],
    ["metaphone(given_name)", "month(born)", "day(born)"],
    ["initial(given_name)", "value(postcode)"],
    ["value(code)"],
]
RECORD_SETTINGS = [
    (1024, "none", {}), (1024, "xor-fold", {}), (1000, "none", {}), (1000, "xor-fold", {}), (1001, "none", {}),
    (1002, "xor-fold", {}),
    (64, "none", {}), (2048, "none", {"surname": {"q": 1}, "postcode": {"q": 3}, "code": {"budget": 4096}}),
]  # fmt: skip

FIELDS_SETTINGS = [
    (512, {}), (1001, {}), (64, {}),
    (256, {"surname": {"q": 1}, "postcode": {"q": 3}, "code": {"budget": 1}, "sex": {"budget": 4096}}),
]  # fmt: skip

_AGREEMENT_BODY = """\
format = "pprl-agreement/1"
project = "example"
[[field]]
name = "surname"
type = "surname"
"""
AGREEMENTS = {
    "the example of section 2": EXAMPLE,
    "least": _AGREEMENT_BODY,
    "characters in the project's name": _AGREEMENT_BODY.replace(
        '"example"', '"Zoë \\"x\\" \\\\ / e\\u0301 山 \\U0001F600"'
    ),
    "a whole threshold becomes 1.0": _AGREEMENT_BODY + "[matching]\nthreshold = 1\n",
    "a small threshold": _AGREEMENT_BODY + "[matching]\nthreshold = 0.00005\n",
    "every entry": """\
format = "pprl-agreement/1"
project = "all entries"
profile = "record"
normalisation = 1
[filter]
bits = 1000
[hardening]
method = "xor-fold"
[[field]]
name = "a"
type = "given-name"
budget = 10
q = 3
[[field]]
name = "b2_"
type = "date"
budget = 4096
[[blocking]]
keys = ["metaphone(a)", "initial(a)", "soundex(a)", "year(b2_)", "month(b2_)", "day(b2_)"]
[[blocking]]
keys = ["soundex(a)"]
[matching]
threshold = 0.85
blocking = "keys"
assign = "many-to-many"
""",
    "fields, least": 'profile = "fields"\n' + _AGREEMENT_BODY,
    "fields of 100 bits": 'profile = "fields"\n' + EXAMPLE + "[filter]\nbits = 100\n",
    "fields of 65536 bits": 'profile = "fields"\n' + EXAMPLE + "[filter]\nbits = 65536\n",
    "fields with a budget": 'profile = "fields"\n' + _AGREEMENT_BODY + "budget = 90\n",
}
_FIELD = '[[field]]\nname = "a"\ntype = "sex"\n'
REFUSED_AGREEMENTS = {
    "no TOML": "format = ",
    "empty": "",
    "no format": _AGREEMENT_BODY.replace('format = "pprl-agreement/1"\n', ""),
    "another format": _AGREEMENT_BODY.replace("agreement/1", "agreement/2"),
    "no project": _AGREEMENT_BODY.replace('project = "example"\n', ""),
    "empty project": _AGREEMENT_BODY.replace('"example"', '""'),
    "long project": _AGREEMENT_BODY.replace("example", "x" * 201),
    **{
        f"U+{code:04X} in the project": _AGREEMENT_BODY.replace('"example"', f'"a\\U{code:08X}b"')
        for code in NOT_PLAIN
    },
    "unknown entry": 'colour = "red"\n' + _AGREEMENT_BODY,
    "unknown entry in a table": _AGREEMENT_BODY + "[filter]\nlength = 1024\n",
    "unknown entry in a field": _AGREEMENT_BODY + "weight = 3\n",
    "unknown profile": 'profile = "columns"\n' + _AGREEMENT_BODY,
    "fields of 63 bits": 'profile = "fields"\n' + _AGREEMENT_BODY + "[filter]\nbits = 63\n",
    "fields with a budget of 0": 'profile = "fields"\n' + _AGREEMENT_BODY + "budget = 0\n",
    "fields with xor-fold": 'profile = "fields"\n' + _AGREEMENT_BODY
    + '[hardening]\nmethod = "xor-fold"\n',
    "unknown normalisation": "normalisation = 2\n" + _AGREEMENT_BODY,
    "no field": 'format = "pprl-agreement/1"\nproject = "example"\n',
    "empty list of fields": 'format = "pprl-agreement/1"\nproject = "example"\nfield = []\n',
    "65 fields": 'format = "pprl-agreement/1"\nproject = "example"\n'
    + "".join(_FIELD.replace('"a"', f'"a{n}"') for n in range(65)),
    "field twice": _AGREEMENT_BODY + '[[field]]\nname = "surname"\ntype = "sex"\n',
    "field name in upper case": _AGREEMENT_BODY.replace('name = "surname"', 'name = "Surname"'),
    "field name of 64 letters": _AGREEMENT_BODY + _FIELD.replace('"a"', '"' + "a" * 64 + '"'),
    "field without a name": _AGREEMENT_BODY + '[[field]]\ntype = "sex"\n',
    "field without a type": _AGREEMENT_BODY + '[[field]]\nname = "a"\n',
    "unknown type": _AGREEMENT_BODY + '[[field]]\nname = "a"\ntype = "shoe-size"\n',
    "budget 0": _AGREEMENT_BODY + "budget = 0\n",
    "budget 4097": _AGREEMENT_BODY + "budget = 4097\n",
    "budget that is no integer": _AGREEMENT_BODY + "budget = 90.0\n",
    "budget as text": _AGREEMENT_BODY + 'budget = "90"\n',
    "budget as truth value": _AGREEMENT_BODY + "budget = true\n",
    "q 0": _AGREEMENT_BODY + "q = 0\n",
    "q 4": _AGREEMENT_BODY + "q = 4\n",
    "q where there is none": _AGREEMENT_BODY + _FIELD + "q = 2\n",
    "63 bits": _AGREEMENT_BODY + "[filter]\nbits = 63\n",
    "65537 bits": _AGREEMENT_BODY + "[filter]\nbits = 65537\n",
    "unknown hardening": _AGREEMENT_BODY + '[hardening]\nmethod = "salt"\n',
    "xor-fold of an odd length": _AGREEMENT_BODY
    + '[filter]\nbits = 1001\n[hardening]\nmethod = "xor-fold"\n',
    "blocking without keys": _AGREEMENT_BODY + "[[blocking]]\nkeys = []\n",
    "7 keys in a pass": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["soundex(surname)"'
    + ', "initial(surname)"' * 6 + "]\n",
    "17 passes": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["soundex(surname)"]\n' * 17,
    "unknown function": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["nysiis(surname)"]\n',
    "function of no field": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["soundex(name)"]\n',
    "function of another type": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["year(surname)"]\n',
    "a raw name as key": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["value(surname)"]\n',
    "space in a key": _AGREEMENT_BODY + '[[blocking]]\nkeys = ["soundex( surname )"]\n',
    "threshold 0": _AGREEMENT_BODY + "[matching]\nthreshold = 0\n",
    "threshold 1.1": _AGREEMENT_BODY + "[matching]\nthreshold = 1.1\n",
    "threshold that is no number": _AGREEMENT_BODY + "[matching]\nthreshold = nan\n",
    "threshold as text": _AGREEMENT_BODY + '[matching]\nthreshold = "0.8"\n',
    "blocking by keys without a pass": _AGREEMENT_BODY + '[matching]\nblocking = "keys"\n',
    "unknown assignment": _AGREEMENT_BODY + '[matching]\nassign = "best"\n',
    "a date for a text": _AGREEMENT_BODY.replace('"example"', "2020-01-01"),
}  # fmt: skip
