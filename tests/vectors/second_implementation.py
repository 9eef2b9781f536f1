"""A second implementation, section by section as docs/SPEC.md says it; the standard library and nothing of pprl.

It is slow and obvious on purpose. The tests hold it, the first implementation and the vectors equal; where they part,
the specification is wrong or unclear. Section numbers are those of SPEC.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import tomllib
from pathlib import Path

FOLDING_TABLE = Path(__file__).parents[2] / "pprl" / "party" / "reading" / "folding_v1.tsv"


class RefusedError(Exception):
    """An input that a reader must refuse; its text is the failure class."""


# 1 Scope, terms and conventions

NOT_PLAIN = """0000-001F 007F-00A0 00AD 0600-0605 061C 06DD 070F 0890-0891 08E2 1680 180E 2000-200F 2028-202F 205F-206F
3000 D800-F8FF FEFF FFF0-FFFB FFFE-FFFF 110BD 110CD 13430-1343F 1BCA0-1BCA3 1D173-1D17A E0000-10FFFF"""


def is_plain(text: str) -> bool:
    for entry in NOT_PLAIN.split():
        low, _, high = entry.partition("-")
        if any(int(low, 16) <= ord(ch) <= int(high or low, 16) for ch in text):
            return False
    return True


# 2 The agreement

DEFAULTS = {  # type: (budget, q, kind of tokens)
    "given-name": (115, 2, "words"),
    "surname": (105, 2, "words"),
    "full-name": (220, 2, "words"),
    "date": (160, 0, "date"),
    "sex": (20, 0, "exact"),
    "address": (35, 2, "words"),
    "locality": (25, 2, "words"),
    "postcode": (30, 2, "places"),
    "phone": (30, 2, "places"),
    "email": (45, 2, "words"),
    "identifier": (160, 2, "places"),
    "code": (25, 0, "exact"),
}
NAMES = {"given-name", "surname", "full-name", "locality"}
APPLIES_TO = {
    "soundex": NAMES,
    "metaphone": NAMES,
    "initial": NAMES,
    "value": {"sex", "postcode", "phone", "email", "identifier", "code", "locality"},
    "year": {"date"},
    "month": {"date"},
    "day": {"date"},
}


def read_agreement(toml: str) -> dict:
    """Return the agreement with every default filled in."""
    try:
        given = tomllib.loads(toml)
    except tomllib.TOMLDecodeError:
        raise RefusedError("agreement") from None
    entries = {"format", "project", "profile", "normalisation", "filter", "hardening", "field"}
    refuse_unless(set(given) <= entries | {"blocking", "matching"})
    profile = given.get("profile", "record")
    refuse_unless(profile in ("record", "fields"))
    filters = table(given.get("filter", {}), {"bits": 1024 if profile == "record" else 512})
    refuse_unless(is_integer(filters["bits"], 64, 65536))
    budget = None if profile == "record" else min(4096, 35 * filters["bits"] // 100)
    made = {
        "format": given.get("format"),
        "project": given.get("project"),
        "profile": profile,
        "normalisation": given.get("normalisation", 1),
        "filter": filters,
        "hardening": table(given.get("hardening", {}), {"method": "none"}),
        "field": [read_field(entry, budget) for entry in array(given.get("field"), 1, 64)],
        "blocking": [
            {"keys": array(table(entry, {"keys": None})["keys"], 1, 6)}
            for entry in array(given.get("blocking", []), 0, 16)
        ],
        "matching": table(
            given.get("matching", {}),
            {"threshold": "auto", "blocking": "exhaustive", "assign": "one-to-one"},
        ),
    }
    refuse_unless(made["format"] == "pprl-agreement/1")
    refuse_unless(isinstance(made["project"], str) and 1 <= len(made["project"]) <= 200)
    refuse_unless(is_plain(made["project"]))
    refuse_unless(is_integer(made["normalisation"], 1, 1))
    refuse_unless(made["hardening"]["method"] in ("none", "xor-fold"))
    refuse_unless(made["hardening"]["method"] == "none" or profile == "record")
    refuse_unless(made["hardening"]["method"] != "xor-fold" or made["filter"]["bits"] % 2 == 0)
    types = {field["name"]: field["type"] for field in made["field"]}
    refuse_unless(len(types) == len(made["field"]))
    for entry in made["blocking"]:
        for part in entry["keys"]:
            refuse_unless(isinstance(part, str))
            function, name = split_part(part)
            refuse_unless(types.get(name) in APPLIES_TO[function])
    matching = made["matching"]
    if matching["threshold"] != "auto":
        number = matching["threshold"]
        refuse_unless(isinstance(number, int | float) and not isinstance(number, bool))
        refuse_unless(0 < number <= 1)
        matching["threshold"] = float(number)
    refuse_unless(matching["blocking"] in ("exhaustive", "lsh", "keys"))
    refuse_unless(matching["blocking"] != "keys" or made["blocking"] != [])
    refuse_unless(matching["assign"] in ("one-to-one", "one-to-many", "many-to-many"))
    return made


def read_field(entry: object, budget: int | None) -> dict:
    """Return a field; its default budget is the type's where the profile gives none."""
    refuse_unless(isinstance(entry, dict) and entry.get("type") in DEFAULTS)
    own, q, _ = DEFAULTS[entry["type"]]
    budget = own if budget is None else budget
    field = table(entry, {"name": None, "type": None, "budget": budget, "q": q})
    refuse_unless(isinstance(field["name"], str))
    refuse_unless(re.fullmatch(r"[a-z][a-z0-9_]{0,62}", field["name"]) is not None)
    refuse_unless(is_integer(field["budget"], 1, 4096))
    refuse_unless(is_integer(field["q"], 1, 3) if q else is_integer(field["q"], 0, 0))
    return field


def table(given: object, defaults: dict) -> dict:
    refuse_unless(isinstance(given, dict) and set(given) <= set(defaults))
    made = {**defaults, **given}
    refuse_unless(None not in made.values())
    return made


def array(given: object, least: int, most: int) -> list:
    refuse_unless(isinstance(given, list) and least <= len(given) <= most)
    return given


def is_integer(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def refuse_unless(holds: bool, failure: str = "agreement") -> None:
    if not holds:
        raise RefusedError(failure)


def split_part(part: str) -> tuple[str, str]:
    match = re.fullmatch(r"([a-z]+)\(([a-z][a-z0-9_]{0,62})\)", part)
    refuse_unless(match is not None and match[1] in APPLIES_TO)
    return match[1], match[2]


def canonical(value: object) -> str:
    """Return the canonical form as text, built by hand."""
    if isinstance(value, dict):
        pairs = [f"{canonical(name)}:{canonical(value[name])}" for name in sorted(value)]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join([canonical(entry) for entry in value]) + "]"
    if isinstance(value, str):
        return '"' + "".join([escaped(ch) for ch in value]) + '"'
    return repr(value)  # integers; numbers by the shortest digits, as section 2 asks for


def escaped(ch: str) -> str:
    short = {
        '"': '\\"',
        "\\": "\\\\",
        "\b": "\\b",
        "\t": "\\t",
        "\n": "\\n",
        "\f": "\\f",
        "\r": "\\r",
    }
    if ch in short:
        return short[ch]
    return f"\\u{ord(ch):04x}" if ord(ch) < 0x20 else ch


def fingerprint(agreement: dict) -> str:
    return hashlib.sha256(canonical(agreement).encode()).hexdigest()


def encoding_fingerprint(agreement: dict) -> bytes:
    content = {name: value for name, value in agreement.items() if name != "matching"}
    return hashlib.sha256(canonical(content).encode()).digest()


def finished_bits(agreement: dict) -> int:
    bits = agreement["filter"]["bits"]
    return {"none": bits, "xor-fold": bits // 2}[agreement["hardening"]["method"]]


# 3 The key


def read_key(content: bytes) -> bytes:
    match = re.fullmatch(rb"pprl-secret-key-1:([0-9a-f]{64}):([0-9a-f]{8})\r?\n?", content)
    refuse_unless(match is not None, "key-file")
    secret = bytes.fromhex(match[1].decode())
    refuse_unless(key_file(secret)[-9:-1] == match[2].decode(), "key-file")
    refuse_unless(any(secret), "key-file")
    return secret


def key_file(secret: bytes) -> str:
    checksum = hashlib.sha256(b"pprl/1/key-file" + secret).hexdigest()[:8]
    return f"pprl-secret-key-1:{secret.hex()}:{checksum}\n"


def hkdf(secret: bytes, salt: bytes, purpose: str, length: int = 32) -> bytes:
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    return hmac.digest(extracted, b"pprl/1/" + purpose.encode() + b"\x01", "sha256")[:length]


def key_fingerprint(secret: bytes) -> str:
    number = int.from_bytes(hkdf(secret, b"", "fingerprint", 16), "big") % 10**25
    return " ".join(re.findall(".{5}", str(number).zfill(25)))


def key_check(secret: bytes, agreement: dict) -> str:
    return hkdf(secret, encoding_fingerprint(agreement), "key-check", 16).hex()


# 4 Folding


def folding_rows() -> dict[str, str]:
    rows = {}
    for line in FOLDING_TABLE.read_bytes().decode("utf-8").split("\n"):
        if line and not line.startswith("#"):
            code, replacement = line.split("\t")
            rows[chr(int(code, 16))] = replacement
    return rows


ROWS = folding_rows()


def replaced(text: str) -> str:
    text = text.replace("\u0438\u0306", "\u0439").replace("\u0418\u0306", "\u0419")
    return "".join([ROWS.get(ch, ch) for ch in text])


def fold(text: str) -> str:
    return re.sub(" +", " ", replaced(text)).strip(" ")


# 5 Normalisation: text -> (result, normal form); the result is "value", "missing" or "unreadable"

TITLES = ["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "dame"]
SEX = {
    "m": "1 m male man boy homme masculin hombre mannlich maennlich",
    "f": "2 f w female woman girl femme feminin mujer weiblich",
    "x": "3 x d other divers diverse nonbinary",
}
SEX_MISSING = ["0", "9", "u", "unknown", "n a", "not known", "not specified"]
ADDRESS = """street st, road rd, avenue ave, av ave, drive dr, lane ln, close cl, court ct, crescent cres, cr cres,
place pl, square sq, terrace ter, tce ter, terr ter, gardens gdns, gdn gdns, grove gr, parade pde, highway hwy,
boulevard blvd, circuit cct, cir cct, saint st, mount mt, flat unit, apartment unit, apt unit, north n, south s,
east e, west w, strasse str"""
ABBREVIATED = dict(pair.split() for pair in ADDRESS.split(","))


def normalise(kind: str, text: str, date_format: str | None = None) -> tuple[str, str]:
    if kind == "date":
        return normalise_date(text, date_format or "")
    folded = fold(text)
    if kind == "sex" and folded:
        return normalise_sex(folded)
    if kind == "phone":
        digits = re.sub("[^0-9]", "", folded)
        return ("unreadable", "") if folded and not digits else as_value(digits[-9:])
    if kind == "email" and "@" in text:
        local, domain = text.rsplit("@", 1)
        parts = [replaced(part).replace(" ", "") for part in (local, domain)]
        return as_value(" ".join([part for part in parts if part]))
    words = folded.split(" ")
    if kind in ("given-name", "full-name"):
        while len(words) > 1 and words[0] in TITLES:
            words = words[1:]
    if kind == "surname":
        words = joined(words, ("o", "mc", "mac"))
    if kind == "full-name":
        words = joined(words, ("o", "mc"))
    if kind == "address":
        words = [ABBREVIATED.get(word, word) for word in words]
    return as_value(("" if kind in ("postcode", "identifier") else " ").join(words))


def as_value(form: str) -> tuple[str, str]:
    return ("value", form) if form else ("missing", "")


def normalise_sex(folded: str) -> tuple[str, str]:
    for form, spellings in SEX.items():
        if folded in spellings.split():
            return "value", form
    return ("missing", "") if folded in SEX_MISSING else ("unreadable", "")


def joined(words: list[str], particles: tuple[str, ...]) -> list[str]:
    made = []
    while words:
        take = 2 if words[0] in particles and len(words) > 1 else 1
        made.append("".join(words[:take]))
        words = words[take:]
    return made


MONTH_NAMES = """jan january, feb february, mar march, apr april, may, jun june, jul july, aug august,
sep sept september, oct october, nov november, dec december"""
MONTHS = {
    name: number
    for number, names in enumerate(MONTH_NAMES.split(","), start=1)
    for name in names.split()
}
MISSING_PIECES = ["", "0", "00", "0000", "?", "??", "????", "xx", "xxxx"]
WHITE = "".join(
    map(chr, [*range(9, 14), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)])
) + "\u2028\u2029\u202f\u205f\u3000"  # fmt: skip


def normalise_date(text: str, date_format: str) -> tuple[str, str]:
    text = text.strip(WHITE)
    if text == "":
        return "missing", ""
    text = re.sub(
        r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?\Z", "", text
    )
    order = re.findall("YYYY|MON|MM|DD", date_format)
    glued = re.fullmatch("([0-9]+)([A-Za-z]+)([0-9]+)", text)
    if re.fullmatch("[0-9]{8}", text):
        pieces = []
        for part in order:
            width = 4 if part == "YYYY" else 2
            pieces.append(text[:width])
            text = text[width:]
    elif glued:
        pieces = list(glued.groups())
    else:
        text = re.sub("(?<![0-9A-Za-z])-{2,4}(?![0-9A-Za-z])", "?", text)
        pieces = re.split(" *[-/.,] *| +", text)
    if len(pieces) > 3:
        return "unreadable", ""
    if len(pieces) == 2:
        order = [part for part in order if part != "DD"]
    if len(pieces) == 1:
        order = ["YYYY"]
    found, readable = {"YYYY": 0, "MM": 0, "DD": 0}, True
    for part, piece in zip(order, pieces, strict=True):
        part = "MM" if part == "MON" else part
        number = read_piece(part, piece)
        readable = readable and number is not None
        found[part] = number or 0
    form = f"{found['YYYY']:04}-{found['MM']:02}-{found['DD']:02}"
    form = "" if form == "0000-00-00" else form
    return as_value(form) if readable else ("unreadable", form)


def read_piece(part: str, piece: str) -> int | None:
    piece = "".join([ch.lower() if "A" <= ch <= "Z" else ch for ch in piece])
    if piece in MISSING_PIECES:
        return 0
    if part == "MM" and piece in MONTHS:
        return MONTHS[piece]
    if not re.fullmatch("[0-9]{4}" if part == "YYYY" else "[0-9]{1,2}", piece):
        return None
    low, high = {"YYYY": (1000, 2999), "MM": (1, 12), "DD": (1, 31)}[part]
    return int(piece) if low <= int(piece) <= high else None


# 6 Tokens and filters


def tokens(value: str, kind: str, q: int) -> set[str]:
    if value == "":
        return set()
    how = DEFAULTS[kind][2]
    if how == "exact":
        return {value}
    if how == "date":
        return date_tokens(value)
    pad = "_" * (q - 1)
    if how == "places":
        text = pad + value + pad
        return {f"{min(at, 63)}:{text[at : at + q]}" for at in range(len(text) - q + 1)}
    found = set()
    for word in value.split(" "):
        text = pad + word + pad
        found |= {text[at : at + q] for at in range(len(text) - q + 1)}
    return found


def date_tokens(value: str) -> set[str]:
    year, month, day = value.split("-")
    found = set()
    if year != "0000":
        found |= {"Y" + year, "t" + year[2], "u" + year[3]}
    if month != "00":
        found |= {"M" + month, "x" + month}
    if day != "00":
        found |= {"D" + day, "x" + day}
    return found


def draws(budget: int, count: int, kind: str) -> int:
    divisor = 7 if kind == "date" else count
    return max(1, (2 * budget + divisor) // (2 * divisor))


def positions(token: str, subkey: bytes, bits: int, count: int) -> list[int]:
    found, block = [], 0
    while len(found) < count:
        message = block.to_bytes(4, "little") + token.encode("utf-8")
        stream = hashlib.blake2b(message, key=subkey, digest_size=64).digest()
        for at in range(0, 64, 4):
            found.append(int.from_bytes(stream[at : at + 4], "little") % bits)
        block += 1
    return found[:count]


def harden(method: str, plain: list[int]) -> list[int]:
    if method == "xor-fold":
        half = len(plain) // 2
        return [plain[at] ^ plain[half + at] for at in range(half)]
    return plain


def packed(plain: list[int]) -> bytes:
    made = bytearray(-(-len(plain) // 8))
    for at, bit in enumerate(plain):
        made[at // 8] |= bit << (at % 8)
    return bytes(made)


def encode(forms: dict[str, str], agreement: dict, secret: bytes) -> tuple[bytes, list[int]]:
    """Return one record's (filters, one after the other, and blocking keys) from its normal forms."""
    salt = encoding_fingerprint(agreement)
    bits = agreement["filter"]["bits"]
    if agreement["profile"] == "fields":
        parts = [plain_filter(forms, [field], salt, secret, bits) for field in agreement["field"]]
    else:
        parts = [plain_filter(forms, agreement["field"], salt, secret, bits)]
    method = agreement["hardening"]["method"]
    filters = b"".join([packed(harden(method, plain)) for plain in parts])
    keys = []
    for number, entry in enumerate(agreement["blocking"], start=1):
        parts = [
            key_part(function, forms[name]) for function, name in map(split_part, entry["keys"])
        ]
        keys.append(blocking_key(parts, hkdf(secret, salt, f"block/{number}")))
    return filters, keys


def plain_filter(
    forms: dict[str, str], fields: list[dict], salt: bytes, secret: bytes, bits: int
) -> list[int]:
    plain = [0] * bits
    for field in fields:
        subkey = hkdf(secret, salt, f"field/{field['name']}")
        found = tokens(forms[field["name"]], field["type"], field["q"])
        for token in found:
            count = draws(field["budget"], len(found), field["type"])
            for at in positions(token, subkey, bits, count):
                plain[at] = 1
    return plain


def key_part(function: str, form: str) -> str:
    if function in ("soundex", "metaphone"):
        letters = re.sub("[^a-z]", "", form)
        return {"soundex": soundex, "metaphone": metaphone}[function](letters)
    if function == "initial":
        return form[:1]
    if function == "value" or form == "":
        return form
    part = form.split("-")[["year", "month", "day"].index(function)]
    return "" if set(part) == {"0"} else part


def blocking_key(parts: list[str], subkey: bytes) -> int:
    if "" in parts:
        return 0
    message = "\x1f".join(parts).encode("utf-8")
    return (
        int.from_bytes(hashlib.blake2b(message, key=subkey, digest_size=8).digest(), "little") or 1
    )


def soundex(word: str) -> str:
    if not word:
        return ""
    digit_of = {}
    for digit, letters in zip("123456", ["bfpv", "cgjkqsxz", "dt", "l", "mn", "r"], strict=True):
        digit_of |= dict.fromkeys(letters, digit)
    made, last = word[0].upper(), digit_of.get(word[0], "")
    for letter in word[1:]:
        if letter in "hw":
            continue
        digit = digit_of.get(letter, "")
        if digit != last:
            made += digit
        last = digit
    return (made + "000")[:4]


def metaphone(word: str) -> str:
    if re.match("kn|gn|pn|wr|ae", word):
        word = word[1:]
    # One rule a row: the letter with its surroundings, its code, letters used up. The first that fits holds.
    rules = [
        (r"([abd-z])(?=\1)", "", 1),
        (r"[aeiou]", lambda at, found: found.upper() if at == 0 else "", 1),
        (r"(?<=m)b\Z", "", 1), (r"b", "B", 1),
        (r"c(?=h|ia)", "X", 2), (r"c(?=[iey])", "S", 2), (r"c", "K", 1),
        (r"d(?=g[iey])", "J", 3), (r"d", "T", 1),
        (r"g(?=[iey])", "J", 1), (r"g(?=h(?![aeiou]))", "", 2), (r"g(?=n\Z)", "", 2), (r"g", "K", 1),
        (r"h(?=[aeiou])", "H", 1), (r"(?<=[aeiou])h", "", 1), (r"h", "H", 1),
        (r"(?<=c)k", "", 1), (r"k", "K", 1),
        (r"p(?=h)", "F", 2), (r"p", "P", 1), (r"q", "K", 1),
        (r"s(?=h)", "X", 2), (r"s(?=i[oa])", "X", 3), (r"s", "S", 1),
        (r"t(?=i[oa])", "X", 1), (r"t(?=h)", "0", 2), (r"t(?=ch)", "", 1), (r"t", "T", 1),
        (r"v", "F", 1),
        (r"\Aw(?=h)", "W", 2), (r"w(?=[aeiou])", "W", 1), (r"w", "", 1),
        (r"\Ax(?=h|i[oa])", "X", 1), (r"\Ax", "S", 1), (r"x", "KS", 1),
        (r"y(?=[aeiou])", "Y", 1), (r"y", "", 1), (r"z", "S", 1),
        (r"[fjlmnr]", lambda at, found: found.upper(), 1),
    ]  # fmt: skip
    made, at = "", 0
    while at < len(word):
        for pattern, code, used in rules:
            match = re.compile(pattern).match(word, at)
            if match:
                made += code if isinstance(code, str) else code(at, match[0])
                at += used
                break
    return made


# 7 The encoded file


def content_digest(
    head: dict, pseudonyms: list[bytes], filters: list[bytes], keys: list[list[int]]
) -> str:
    numbers = [number.to_bytes(8, "little") for row in keys for number in row]
    parts = [canonical(head).encode(), *pseudonyms, *filters, *numbers]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def header(
    agreement: dict, secret: bytes, party: str, rows_read: int, software: str, columns: tuple
) -> str:
    """Return the header JSON of a file with the columns (pseudonyms, filters, keys)."""
    content = {
        "format": "pprl-encoded/1",
        "agreement": agreement,
        "agreement_fingerprint": fingerprint(agreement),
        "key_check": key_check(secret, agreement),
        "party": party,
        "records": len(columns[0]),
        "rows_read": rows_read,
        "software": software,
    }
    return json.dumps({**content, "content_sha256": content_digest(content, *columns)})


# 8 The score


def dice(left: bytes, right: bytes) -> float:
    a, b = int.from_bytes(left, "little"), int.from_bytes(right, "little")
    total = a.bit_count() + b.bit_count()
    return 2 * (a & b).bit_count() / total if total else 0.0
