"""Made-up filters and encoded files, drawn without any name, date or key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile, seal_header

BITS = 1024
FILL = 0.4
FIELDS = [
    {"name": "surname", "type": "surname", "budget": 90},
    {"name": "born", "type": "date", "budget": 430},
]

Dense = npt.NDArray[np.bool_]
MakeEncoded = Callable[..., EncodedFile]


@pytest.fixture(scope="session")
def draw_people() -> Callable[..., Dense]:
    """Give a function that draws ``bool[n, bits]`` filters of people who have nothing in common."""

    def draw(rng: np.random.Generator, n: int, bits: int = BITS) -> Dense:
        return rng.random((n, bits)) < FILL

    return draw


@pytest.fixture(scope="session")
def draw_copies() -> Callable[..., Dense]:
    """Give a function that copies filters with errors: ``noise[i]`` of the bits of record i are drawn anew.

    The expected Dice coefficient with the original is ``1 - 0.6 * noise``.
    """

    def copy(rng: np.random.Generator, people: Dense, noise: npt.NDArray[np.float64]) -> Dense:
        anew = rng.random(people.shape) < noise[:, None]
        return np.where(anew, rng.random(people.shape) < FILL, people)

    return copy


@pytest.fixture(scope="session")
def draw_files(
    draw_people: Callable[..., Dense], draw_copies: Callable[..., Dense]
) -> Callable[..., list[Dense]]:
    """Give a function that draws files of which the first ``common`` rows are the same people in each."""

    def draw(
        rng: np.random.Generator, sizes: list[int], common: int, *, noise: float = 0.2
    ) -> list[Dense]:
        originals = draw_people(rng, common)
        files = []
        for size in sizes:
            rates = rng.beta(1.5, 1.5 / noise - 1.5, common)
            same = draw_copies(rng, originals, rates)
            files.append(np.concatenate([same, draw_people(rng, size - common)]))
        return files

    return draw


@pytest.fixture(scope="session")
def pack() -> Callable[[Dense], npt.NDArray[np.uint64]]:
    """Give a function that packs ``bool[n, bits]`` into ``uint64[n, words]``, bit i in word i // 64."""

    def packed(dense: Dense) -> npt.NDArray[np.uint64]:
        words = -(-dense.shape[1] // 64)
        whole = np.zeros((len(dense), words * 64), bool)
        whole[:, : dense.shape[1]] = dense
        flat = np.packbits(whole, axis=1, bitorder="little")
        return flat.view("<u8").astype(np.uint64).reshape(len(dense), words)

    return packed


@pytest.fixture(scope="session")
def make_fields(make_encoded: MakeEncoded) -> MakeEncoded:
    """Give a function that makes an encoded file of the profile ``fields`` from values by number.

    ``values[f]`` is ``bool[values, bits]``, what field f may hold; ``ids`` is ``int[n, fields]``, what each record
    holds, -1 where it is missing. ``kinds`` are the fields' types; they are named by their places.
    """

    def make(
        values: list[Dense], ids: npt.NDArray[np.int64], kinds: list[str], **more: Any
    ) -> EncodedFile:
        dense = np.stack(
            [
                np.where(ids[:, f, None] < 0, False, table[np.maximum(ids[:, f], 0)])
                for f, table in enumerate(values)
            ],
            axis=1,
        )
        fields = [{"name": f"f{at}", "type": kind} for at, kind in enumerate(kinds)]
        return make_encoded(dense, field=fields, **more)

    return make


@pytest.fixture(scope="session")
def make_encoded() -> MakeEncoded:
    """Give a function that makes an encoded file from dense filters.

    Row i of the input gets the pseudonym ``i`` in its first bytes (big-endian), followed by bytes of the party's,
    so that a test knows who is who. ``bool[n, bits]`` makes the profile ``record``, ``bool[n, fields, bits]`` (whole
    bytes) the profile ``fields``.
    """

    def make(
        dense: Dense,
        *,
        party: str = "a",
        keys: npt.NDArray[np.uint64] | None = None,
        key_check: str = "0" * 32,
        source: str | None = None,
        **entries: Any,
    ) -> EncodedFile:
        n, bits = len(dense), dense.shape[-1]
        profile = "record" if dense.ndim == 2 else "fields"
        passes = 0 if keys is None else keys.shape[1]
        agreement = Agreement.from_dict(
            {
                "format": "pprl-agreement/1",
                "project": "test",
                "profile": profile,
                "filter": {"bits": bits},
                "field": FIELDS,
                "blocking": [{"keys": ["soundex(surname)"]}] * passes,
                **entries,
            }
        )
        pseudonyms = np.zeros((n, 16), np.uint8)
        pseudonyms[:, :4] = np.arange(n, dtype=">u4").view(np.uint8).reshape(n, 4)
        tail = party.encode()[:12]
        pseudonyms[:, 4 : 4 + len(tail)] = np.frombuffer(tail, np.uint8)
        packed = np.packbits(dense, axis=-1, bitorder="little")
        filters = packed.reshape(n, packed[:1].size if n else -(-bits // 8))
        held = np.zeros((n, 0), np.uint64) if keys is None else keys
        header = seal_header(
            agreement,
            pseudonyms,
            filters,
            held,
            key_check=key_check,
            party=party,
            rows_read=n,
            software="test",
        )
        return EncodedFile(
            header=header,
            agreement=agreement,
            pseudonyms=pseudonyms,
            filters=filters,
            keys=held,
            source=source or f"{party}.parquet",
        )

    return make
