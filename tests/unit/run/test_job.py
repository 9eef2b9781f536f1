"""A job goes on with an unfinished run only if that was the very same run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pprl.base.errors import EncodedFileError, OutputError, UsageError
from pprl.base.mapped import is_mapped
from pprl.base.unfinished import Unfinished
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile, seal_header, write_encoded
from pprl.unit.run import job as job_module
from pprl.unit.run.job import LinkageJob, match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import MatchPlan

Draw = Callable[..., Any]
Make = Callable[..., EncodedFile]

BEGUN: dict[str, Any] = {"threshold": 0.8, "blocking": "lsh", "completeness": 0.95}


@pytest.fixture(scope="module")
def some(make_encoded: Make, draw_files: Draw) -> list[EncodedFile]:
    """Three files of one agreement, and one of another."""
    dense = draw_files(np.random.default_rng(1), [120, 100, 80, 80], 60)
    made = [make_encoded(one, party=party) for one, party in zip(dense, "abc", strict=False)]
    return [*made, make_encoded(dense[3], party="c", matching={"assign": "one-to-many"})]


class Unlocked(nullcontext[None]):
    """A workspace that several jobs may hold at once, and that is never cleared."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def room(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path


JobIn = Callable[..., LinkageJob]


@pytest.fixture
def job_in() -> Iterator[JobIn]:
    """Give a function that opens a job with its steps in a folder; its journal begins the run or goes on with it."""
    with ExitStack() as jobs:

        def made(folder: Path, files: list[EncodedFile], **options: Any) -> LinkageJob:
            workspace: Any = Unlocked(folder)
            chosen = MatchOptions(**{**BEGUN, **options})
            return jobs.enter_context(LinkageJob(files, chosen, workspace=workspace))

        yield made


@pytest.fixture
def begun(some: list[EncodedFile], tmp_path: Path, job_in: JobIn) -> MatchPlan:
    """The plan of a run of the first two files, whose steps are in the folder of the test."""
    job = job_in(tmp_path, some[:2])
    assert job.steps_done == 0
    return job.plan


def test_the_same_run_goes_on(
    some: list[EncodedFile], begun: MatchPlan, tmp_path: Path, job_in: JobIn
) -> None:
    (tmp_path / "0-0-1-000000.npz").touch()
    assert job_in(tmp_path, some[:2]).steps_done == 1


@pytest.mark.parametrize(
    ("parties", "options", "differs"),
    [
        ((0, 1), {"threshold": 0.9}, {"threshold"}),
        ((0, 1), {"threshold": "auto"}, {"threshold", "floors"}),
        ((0, 1), {"completeness": 0.9}, {"completeness", "plan"}),
        ((0, 1), {"blocking": "exhaustive", "completeness": None}, {"blocking", "plan"}),
        ((0, 1), {"sample": 50}, {"sample"}),
        ((0, 1), {"blocking": "lsh,exhaustive"}, {"blocking"}),
        ((0, 1), {"assign": "many-to-many"}, {"assign"}),
        ((1, 0), {}, {"files"}),
        ((0, 2), {}, {"files"}),
        ((0, 1, 2), {}, {"files"}),
        ((3,), {}, {"agreement", "files"}),
    ],
)
def test_a_run_with_other_files_or_options_does_not_go_on(
    some: list[EncodedFile],
    begun: MatchPlan,
    tmp_path: Path,
    parties: tuple[int, ...],
    options: dict[str, Any],
    differs: set[str],
    job_in: JobIn,
) -> None:
    """Parts of another run would be other pairs, and nobody would notice. What differs is named."""
    other = job_in(tmp_path, [some[at] for at in parties], **options)
    with pytest.raises(OutputError, match="belongs to a different run; these differ:") as caught:
        _ = other.journal
    assert set(caught.value.problem.partition("these differ: ")[2].split(", ")) >= differs


def test_a_run_that_extends_another_does_not_go_on_with_one_that_does_not(
    some: list[EncodedFile], begun: MatchPlan, tmp_path: Path, job_in: JobIn
) -> None:
    """It compares the new file only."""
    job = job_in(tmp_path, some[:2])
    job.__dict__["plan"] = replace(begun, earlier=match(some[1:3]))
    with pytest.raises(OutputError, match=r"these differ: extends$"):
        _ = job.journal


def test_a_run_does_not_go_on_under_another_version(
    some: list[EncodedFile],
    begun: MatchPlan,
    tmp_path: Path,
    job_in: JobIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_module, "VERSION", "0.0.0")
    with pytest.raises(OutputError, match=r"these differ: software$"):
        _ = job_in(tmp_path, some[:2]).journal


@pytest.mark.parametrize("ask", ["files", "plan", "journal", "steps_done"])
def test_a_workspace_is_not_used_before_it_is_locked(
    some: list[EncodedFile], tmp_path: Path, ask: str
) -> None:
    """Nor after it was let go: two runs would write into one folder, and others might read it."""
    job = LinkageJob(some[:2], workspace=Unfinished(tmp_path / "links"))
    with pytest.raises(UsageError, match="outside of a with block"):
        getattr(job, ask)
    with job:
        assert len(job.files) == 2
    with pytest.raises(UsageError, match="outside of a with block"):
        getattr(job, ask)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def zeros(tmp_path: Path) -> list[Path]:
    """Two files of 8 MiB each that take next to nothing as long as they are packed."""
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "test",
            "filter": {"bits": 65536},
            "field": [{"name": "surname", "type": "surname"}],
        }
    )
    paths = []
    for number, party in enumerate("ab"):
        drawn = np.random.default_rng(number).integers(0, 256, (1000, 16), dtype=np.uint8)
        pseudonyms = drawn[np.lexsort(drawn.T[::-1])]
        filters, keys = np.zeros((1000, 8192), np.uint8), np.zeros((1000, 0), np.uint64)
        header = seal_header(
            agreement, pseudonyms, filters, keys,
            key_check="ab" * 16, party=party, rows_read=1000, software="test",
        )  # fmt: skip
        made = EncodedFile(
            header=header, agreement=agreement, pseudonyms=pseudonyms, filters=filters, keys=keys
        )
        paths.append(tmp_path / f"{party}.parquet")
        write_encoded(made, paths[-1])
    assert sum(path.stat().st_size for path in paths) < 1 << 20
    return paths


def test_files_that_together_unpack_to_more_than_the_memory_are_refused(
    zeros: list[Path],
) -> None:
    """Small files may hold much; each is judged by what the ones before it have left."""
    job = LinkageJob(zeros, MatchOptions(memory=12 << 20))
    with pytest.raises(
        EncodedFileError, match=r"b\.parquet takes 8 MiB unpacked, more than the 4 MiB"
    ):
        _ = job.files
    assert len(LinkageJob(zeros, MatchOptions(memory=16 << 20)).files) == 2


def test_files_are_memory_mapped_by_what_they_unpack_to(zeros: list[Path], tmp_path: Path) -> None:
    """Where there is a workspace, in which they can be."""
    for memory, mapped in ((12 << 20, True), (1 << 30, False)):
        workspace = Unfinished(tmp_path / f"links-{memory}")
        with LinkageJob(zeros, MatchOptions(memory=memory), workspace=workspace) as job:
            assert [is_mapped(file.filters) for file in job.files] == [mapped, mapped]
