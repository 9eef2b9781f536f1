"""Write the test vectors of docs/SPEC.md, and print the values of its worked examples.

    python tests/vectors/make_vectors.py            # write *.json beside this file
    python tests/vectors/make_vectors.py --examples # print the examples' values only

The vectors are frozen with version 1: a change of any of them is a new version of the format. A test holds them equal
to this package and to the second implementation beside this file, and holds SPEC.md's examples equal to `examples()`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from vector_inputs import (
    AGREEMENTS,
    DATES,
    EXAMPLE,
    FIELDS_SETTINGS,
    FOLD,
    NORMALISE,
    RECORD_FIELDS,
    RECORD_PASSES,
    RECORD_SETTINGS,
    RECORDS,
    REFUSED_AGREEMENTS,
    TOKENS,
    WORDS,
)

from pprl.base.errors import AgreementError
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import Agreement, AgreementField
from pprl.exchange.encoded.file import seal_header
from pprl.party.blocking.keys import KEY_PARTS
from pprl.party.encoding.blake2b import join_and_hash
from pprl.party.encoding.encode import encode_fields
from pprl.party.encoding.filters import positions_of
from pprl.party.encoding.tokens import draws_per_token, tokens_of
from pprl.party.keys.key import Key
from pprl.party.reading.folding import fold
from pprl.party.reading.normalise import UNREADABLE, normaliser
from pprl.party.reading.people import FieldColumn
from pprl.tables.dates import DateFormat
from pprl.tables.texts import Texts

HERE = Path(__file__).parent
SECRET = bytes(range(32))
FIELDS_EXAMPLE = 'profile = "fields"\n' + EXAMPLE + "[filter]\nbits = {}\n"
SECRETS = [SECRET, b"\xff" * 32, hashlib.sha256(b"pprl test vectors").digest()]


def refused_keys() -> dict[str, str]:
    """Return contents that are no key file."""
    good = Key(SECRET).secret_text()
    return {
        "empty": "",
        "secret altered": good.replace("00010203", "00010204"),
        "checksum altered": good[:-2] + ("0" if good[-2] != "0" else "1") + "\n",
        "no checksum": good.rsplit(":", 1)[0] + "\n",
        "version 2": good.replace("key-1", "key-2"),
        "upper case": good.replace("0a0b", "0A0B"),
        "short": good.replace("1e1f:", ":"),
        "leading space": " " + good,
        "two lines": good + good,
        "trailing text": good + "x",
        "byte-order mark": "\ufeff" + good,
        "blank line behind": good + "\n",
    }


def folding() -> dict[str, Any]:
    """Return the folding vectors."""
    table = (HERE.parents[1] / "pprl" / "party" / "reading" / "folding_v1.tsv").read_bytes()
    return {
        "table_sha256": hashlib.sha256(table).hexdigest(),
        "cases": [{"in": text, "out": fold(text)} for text in FOLD],
    }


def _verdict(form: str) -> dict[str, str]:
    if form.startswith(UNREADABLE):
        return {"result": "unreadable", "out": form.removeprefix(UNREADABLE)}
    return {"result": "value" if form else "missing", "out": form}


def normalise() -> dict[str, Any]:
    """Return the normalisation vectors of every type but dates."""
    return {
        "cases": [
            {"type": kind, "in": text, **_verdict(normaliser(kind)(text))}
            for kind, texts in NORMALISE.items()
            for text in texts
        ]
    }


def dates() -> dict[str, Any]:
    """Return the date vectors; `out` of an unreadable date is what `salvage` keeps."""
    return {
        "cases": [
            {"format": spec, "in": text, **_verdict(normaliser("date", DateFormat(spec))(text))}
            for spec, texts in DATES.items()
            for text in texts
        ]
    }


def tokens() -> dict[str, Any]:
    """Return the token vectors, with the draws that the type's default budget gives."""
    cases = []
    for kind, q, value in TOKENS:
        field = AgreementField(name="x", type=kind, budget=FIELD_TYPES[kind].budget, q=q)
        found = tokens_of(value, field)
        draws = draws_per_token(field, len(found)) if found else 0
        cases.append(
            {"type": kind, "q": q, "value": value, "tokens": sorted(found), "draws": draws}
        )
    return {"cases": cases}


def positions() -> dict[str, Any]:
    """Return the position vectors."""
    settings = [(1024, 13), (1000, 16), (1001, 17), (64, 5), (65536, 40), (1024, 1)]
    return {
        "cases": [
            {"subkey": subkey.hex(), "token": token, "bits": bits, "draws": draws,
             "positions": positions_of(token, subkey, bits, draws)}
            for subkey in SECRETS[::2]
            for token in ("_o", "br", "3:v1", "Y1987", "山_", "f")
            for bits, draws in settings
        ]
    }  # fmt: skip


def keys() -> dict[str, Any]:
    """Return the key vectors."""
    salt = Agreement.from_toml(EXAMPLE).encoding_fingerprint()
    purposes = ["field/surname", "field/date_of_birth", "block/1", "block/12"]
    return {
        "salt": salt.hex(),
        "cases": [
            {
                "secret": secret.hex(),
                "file": Key(secret).secret_text(),
                "fingerprint": Key(secret).fingerprint(),
                "key_check": Key(secret).check_value(salt),
                "subkeys": {p: Key(secret).derive(p.encode(), salt=salt).hex() for p in purposes},
            }
            for secret in SECRETS
        ],
        "refused": [
            {"name": name, "file": text, "class": "key-file"}
            for name, text in refused_keys().items()
        ],
    }


def agreement() -> dict[str, Any]:
    """Return the agreement vectors."""
    accepted = []
    for name, toml in AGREEMENTS.items():
        found = Agreement.from_toml(toml)
        accepted.append(
            {
                "name": name,
                "toml": toml,
                "canonical": found.canonical().decode(),
                "fingerprint": found.fingerprint(),
                "encoding_fingerprint": found.encoding_fingerprint().hex(),
                "finished_bits": found.filter_bits(),
            }
        )
    refused = []
    for name, toml in REFUSED_AGREEMENTS.items():
        try:
            Agreement.from_toml(toml)
        except AgreementError:
            refused.append({"name": name, "toml": toml, "class": "agreement"})
        else:
            raise AssertionError(f"not refused: {name}")
    return {"cases": accepted, "refused": refused}


def record_agreement(
    bits: int, hardening: str, changes: dict[str, dict[str, int]], profile: str = "record"
) -> Agreement:
    """Return an agreement with a field of every type."""
    return Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "vectors",
            "profile": profile,
            "filter": {"bits": bits},
            "hardening": {"method": hardening},
            "field": [
                {"name": name, "type": kind, **changes.get(name, {})}
                for name, kind in RECORD_FIELDS.items()
            ],
            "blocking": [{"keys": parts} for parts in RECORD_PASSES],
        }
    )


def normal_forms(record: dict[str, str]) -> dict[str, str]:
    """Return a record's normal forms; what is unreadable keeps what can be saved."""
    found = {}
    for name, kind in RECORD_FIELDS.items():
        spec = DateFormat("DD/MM/YYYY") if kind == "date" else None
        found[name] = normaliser(kind, spec)(record[name]).removeprefix(UNREADABLE)
    return found


def encode_records(
    forms: list[dict[str, str]], agreed: Agreement, secret: bytes
) -> tuple[np.ndarray, np.ndarray]:
    """Return (filters, blocking keys) of records given as normal forms."""
    columns = [
        FieldColumn(
            field=field,
            columns=(field.name,),
            rows=np.arange(len(forms)),
            values=[form[field.name] for form in forms],
        )
        for field in agreed.field
    ]
    return encode_fields(columns, agreed, Key(secret))


def filters() -> dict[str, Any]:
    """Return whole records: raw values, normal forms, filters and blocking keys."""
    return whole_records([record_agreement(*setting) for setting in RECORD_SETTINGS])


def fields() -> dict[str, Any]:
    """Return whole records in the profile `fields`: the filters of a record stand one after the other."""
    return whole_records(
        [record_agreement(bits, "none", changes, "fields") for bits, changes in FIELDS_SETTINGS]
    )


def whole_records(agreements: list[Agreement]) -> dict[str, Any]:
    """Return the records under each of the agreements."""
    forms = [normal_forms(record) for record in RECORDS]
    cases = []
    for agreed in agreements:
        made, numbers = encode_records(forms, agreed, SECRET)
        cases.append(
            {
                "agreement": agreed.to_dict(),
                "finished_bits": agreed.filter_bits(),
                "filters": [row.tobytes().hex() for row in made],
                "keys": [[f"{int(n):016x}" for n in row] for row in numbers],
            }
        )
    records = [{"raw": raw, "normal": form} for raw, form in zip(RECORDS, forms, strict=True)]
    return {
        "secret": SECRET.hex(),
        "date_format": "DD/MM/YYYY",
        "records": records,
        "cases": cases,
    }


def key_part(function: str, form: str) -> str:
    """Return what a function of a blocking pass makes of one normal form."""
    return KEY_PARTS[function](Texts.of([form]))[0]


def blocking_key(parts: list[str], subkey: bytes) -> int:
    """Return the blocking key of one record."""
    rows = [np.zeros(1, np.int64)] * len(parts)
    return int(join_and_hash([Texts.of([part]) for part in parts], rows, subkey)[0])


def blocking() -> dict[str, Any]:
    """Return sound codes, parts and keyed blocking keys."""
    subkey = SECRETS[2]
    parts = [["O165", "1987"], ["O165"], ["山"], ["a b", "x"], ["", "1987"], ["O165", ""]]
    forms = ["", "obrien", "van der berg", "山田", "12", "1987-07-12", "0000-07-00", "o neill 2"]
    return {
        "sounds": [
            {"word": w, "soundex": key_part("soundex", w), "metaphone": key_part("metaphone", w)}
            for w in WORDS
        ],
        "parts": [
            {"function": function, "value": form, "part": key_part(function, form)}
            for form in forms
            for function in KEY_PARTS
            if (function in ("year", "month", "day")) == (form == "" or form[4:5] == "-")
        ],
        "keys": [
            {"subkey": subkey.hex(), "parts": p, "key": f"{blocking_key(p, subkey):016x}"}
            for p in parts
        ],
    }


def encoded() -> dict[str, Any]:
    """Return a whole encoded file as its header and columns, and edits that a reader must refuse."""
    edits: list[dict[str, Any]] = [
        {"name": "another format", "header": {"format": "pprl-encoded/2"}},
        {"name": "other count of records", "header": {"records": 4}},
        {"name": "count as text", "header": {"records": "3"}},
        {"name": "unknown entry", "header": {"comment": "x"}},
        {"name": "entry missing", "header": {"software": None}},
        {"name": "party's name in upper case", "header": {"party": "Health"}},
        {"name": "digest of other content", "header": {"content_sha256": "0" * 64}},
        {"name": "fingerprint of another agreement", "header": {"agreement_fingerprint": "0" * 64}},
        {"name": "key check too short", "header": {"key_check": "0" * 30}},
        {"name": "another key check value", "header": {"key_check": "0" * 32}},
        {"name": "another party", "header": {"party": "heath"}},
        {"name": "another count of rows read", "header": {"rows_read": 5}},
        {"name": "another program", "header": {"software": "pprl-kit 0.1.1"}},
        {"name": "control character", "header": {"software": "\u001b[2J"}, "rehash": True},
        {"name": "agreement that is none", "header": {"agreement": {}}},
        {"name": "agreement without a default", "agreement": {"normalisation": None}},
        {"name": "an entry twice", "columns": "twice"},
        {"name": "metadata of another library", "columns": "pandas"},
        {"name": "many rows in few bytes", "columns": "bomb"},
        {"name": "a bit flipped", "columns": "flip"},
        {"name": "row missing", "columns": "drop"},
        {"name": "rows in another order", "columns": "reverse", "rehash": True},
        {"name": "a pseudonym twice", "columns": "repeat", "rehash": True},
        {"name": "bits beyond the length", "columns": "spare", "rehash": True},
        {"name": "no blocking key column", "columns": "no key_1"},
        {"name": "one column more", "columns": "extra"},
        {"name": "blocking keys as signed integers", "columns": "signed"},
        {"name": "gap in the pseudonyms", "columns": "gap"},
        {"name": "no header", "columns": "no header"},
        {"name": "file cut short", "columns": "cut"},
    ]
    return encoded_file(Agreement.from_toml(EXAMPLE + "[filter]\nbits = 1001\n"), edits)


def encoded_fields() -> dict[str, Any]:
    """Return the same in the profile `fields`; the filters of a record stand one after the other."""
    edits: list[dict[str, Any]] = [
        {"name": "a bit flipped", "columns": "flip"},
        {
            "name": "bits beyond the length of the first filter",
            "columns": "spare 1",
            "rehash": True,
        },
        {"name": "bits beyond the length of the last filter", "columns": "spare", "rehash": True},
        {"name": "gap in the first filters", "columns": "gap encoding_1"},
        {"name": "gap in the last filters", "columns": "gap encoding_2"},
        {"name": "filters in another order", "columns": "swap"},
        {"name": "filters in one column", "columns": "joined"},
        {"name": "a column of filters missing", "columns": "no encoding_2"},
        {"name": "one column of filters more", "columns": "encoding_3"},
        {"name": "another profile in the header", "agreement": {"profile": "record"}},
        {"name": "many rows in few bytes", "columns": "bomb"},
    ]
    agreed = Agreement.from_toml(FIELDS_EXAMPLE.format(129))
    return encoded_file(agreed, edits)


def encoded_file(agreed: Agreement, edits: list[dict[str, Any]]) -> dict[str, Any]:
    """Return three records as an encoded file, and the edits that must be refused."""
    forms = [
        {"surname": "obrien", "date_of_birth": "1987-07-12"},
        {"surname": "smith", "date_of_birth": "0000-07-12"},
        {"surname": "ivanova", "date_of_birth": "1961-00-00"},
    ]
    made, numbers = encode_records(forms, agreed, SECRET)
    names = np.stack(
        [np.frombuffer(hashlib.sha256(bytes([n])).digest()[:16], np.uint8) for n in range(3)]
    )
    order = np.argsort([row.tobytes() for row in names])
    names, made, numbers = names[order], made[order], numbers[order]
    head = seal_header(
        agreed,
        names,
        made,
        numbers,
        key_check=Key(SECRET).check_value(agreed.encoding_fingerprint()),
        party="health",
        rows_read=4,
        software="pprl-kit 0.1.0",
    )
    return {
        "secret": SECRET.hex(),
        "normal_forms": [forms[i] for i in order],
        "header": json.loads(head.model_dump_json()),
        "pseudonyms": [row.tobytes().hex() for row in names],
        "encodings": [row.tobytes().hex() for row in made],
        "keys": [[f"{int(n):016x}" for n in row] for row in numbers],
        "refused": [{**edit, "class": "encoded-file"} for edit in edits],
    }


VECTORS = {
    "folding": folding,
    "normalise": normalise,
    "dates": dates,
    "tokens": tokens,
    "positions": positions,
    "keys": keys,
    "agreement": agreement,
    "filters": filters,
    "fields": fields,
    "blocking": blocking,
    "encoded": encoded,
    "encoded_fields": encoded_fields,
}


def render(content: dict[str, Any]) -> str:
    """Return a vector file's text: ASCII, so that composed and decomposed characters show."""
    return json.dumps({"version": 1, **content}, indent=1) + "\n"


def examples() -> dict[str, str]:
    """Return the values that SPEC.md's worked examples show."""
    agreed = Agreement.from_toml(EXAMPLE)
    key, salt = Key(SECRET), agreed.encoding_fingerprint()
    surname, date = agreed.field
    subkey = key.derive(b"field/surname", salt=salt)
    draws = draws_per_token(surname, 7)
    forms = [{"surname": "obrien", "date_of_birth": "1987-07-12"}]
    made, numbers = encode_records(forms, agreed, SECRET)
    parts = [key_part("soundex", "obrien"), key_part("year", "1987-07-12")]
    file = encoded()
    apart = Agreement.from_toml(FIELDS_EXAMPLE.format(128))
    own, _ = encode_records(forms, apart, SECRET)
    return {
        "folding table sha256": folding()["table_sha256"],
        "canonical": agreed.canonical().decode(),
        "fingerprint": agreed.fingerprint(),
        "encoding fingerprint": salt.hex(),
        "key file": key.secret_text().strip(),
        "key fingerprint": key.fingerprint(),
        "key check": key.check_value(salt),
        "subkey field/surname": subkey.hex(),
        "subkey block/1": key.derive(b"block/1", salt=salt).hex(),
        "surname tokens": " ".join(tokens_of("obrien", surname)),
        "surname draws": str(draws),
        "date tokens": " ".join(tokens_of("1987-07-12", date)),
        "date draws": str(draws_per_token(date, 7)),
        "positions of br": " ".join(map(str, positions_of("br", subkey, 1024, draws))),
        "filter": made[0].tobytes().hex(),
        "bits set": str(int(np.bitwise_count(made).sum())),
        "parts": " ".join(parts),
        "blocking key": f"{int(numbers[0, 0]):016x}",
        "content digest": file["header"]["content_sha256"],
        "file key check": file["header"]["key_check"],
        "fields fingerprint": apart.fingerprint(),
        "fields draws": "surname {}, date {}".format(
            *(draws_per_token(field, 7) for field in apart.field)
        ),
        "fields surname": own[0, :16].tobytes().hex(),
        "fields date": own[0, 16:].tobytes().hex(),
        "fields content digest": encoded_fields()["header"]["content_sha256"],
    }


def main(arguments: list[str]) -> None:
    """Write the vectors unless only the examples are asked for; print the examples."""
    if "--examples" not in arguments:
        for name, make in VECTORS.items():
            (HERE / f"{name}.json").write_text(render(make()), encoding="utf-8", newline="\n")
    for name, value in examples().items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
