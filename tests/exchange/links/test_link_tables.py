"""Tables of a links folder, batch by batch, say what the DataFrames say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_records import record_content, to_record

from pprl.exchange.encoded.file import pseudonym_text
from pprl.exchange.links import tables as link_tables
from pprl.exchange.links.tables import (
    LINK_COLUMNS,
    PAIR_COLUMNS,
    FrameRows,
    LinkTables,
    pseudonym_array,
    to_frame,
    write_tables,
)


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_pseudonyms_are_the_same_text_in_either_way(n: int, seed: int) -> None:
    drawn = np.random.default_rng(seed).integers(0, 256, (n, 16), dtype=np.uint8)
    assert pseudonym_array(drawn).to_pylist() == pseudonym_text(drawn)


def tables(links: int, pairs: int) -> LinkTables:
    rng = np.random.default_rng(links + pairs)

    def text(n: int) -> list[str]:
        return pseudonym_text(rng.integers(0, 256, (n, 16), dtype=np.uint8))

    linked = pd.DataFrame(
        {
            "link_id": np.arange(links) // 2 + 1,
            "party": ["a", "b"] * (links // 2),
            "pseudonym": text(links),
        }
    )
    columns = {name: rng.random(pairs) for name in PAIR_COLUMNS}
    columns |= {"party_a": ["a"] * pairs, "party_b": ["b"] * pairs}
    columns |= {"pseudonym_a": text(pairs), "pseudonym_b": text(pairs)}
    frame = pd.DataFrame(columns)
    rows = FrameRows(frame=frame, columns=PAIR_COLUMNS)
    return LinkTables(
        links=FrameRows(frame=linked, columns=LINK_COLUMNS),
        pairs=rows,
        near=FrameRows(frame=frame.iloc[:0], columns=PAIR_COLUMNS),
        parts=None,
        run=to_record(record_content(["a", "b"])),
    )


def same_rows(frame: pd.DataFrame, rows: FrameRows) -> None:
    wanted = rows.frame[list(rows.columns)]
    # Without a row a DataFrame does not know its types.
    pd.testing.assert_frame_equal(frame, wanted, check_dtype=len(wanted) > 0)


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize(("links", "pairs"), [(0, 0), (20, 13)])
def test_batches_of_any_size_give_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, links: int, pairs: int
) -> None:
    """On the disk and in memory."""
    made = tables(links, pairs)
    assert isinstance(made.links, FrameRows)
    assert isinstance(made.pairs, FrameRows)
    monkeypatch.setattr(link_tables, "BATCH", batch)
    write_tables(made, tmp_path)
    for name, rows in (("links", made.links), ("pairs", made.pairs)):
        read = pq.read_table(tmp_path / f"{name}.parquet")
        assert read.schema.equals(rows.schema)
        same_rows(read.to_pandas(), rows)
        same_rows(to_frame(rows), rows)
    for party in "ab":
        own = made.links.frame.loc[made.links.frame["party"] == party, ["link_id", "pseudonym"]]
        text = (tmp_path / f"links-{party}.csv").read_bytes().decode()
        assert text == own.to_csv(index=False, lineterminator="\n")
