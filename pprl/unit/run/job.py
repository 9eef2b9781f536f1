"""One linkage from beginning to end: open the files, plan, run or resume, write the folder.

The command ``pprl match``, the Python function :func:`match`, and whatever else runs a linkage call this one sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import TracebackType

import numba
import numpy as np
import scipy

from pprl.base.errors import UsageError
from pprl.base.mapped import MappedFolder
from pprl.base.outputs import Outputs
from pprl.base.progress import Progress
from pprl.base.resources import total_memory
from pprl.base.threads import check_threads, limited_threads
from pprl.base.unfinished import Unfinished
from pprl.base.version import VERSION
from pprl.exchange.encoded.file import EncodedFile, read_encoded, unpacked_bytes
from pprl.exchange.links.folder import Links, read_links
from pprl.exchange.links.run_record import RUN_FILE
from pprl.exchange.links.tables import LinkTables, write_tables
from pprl.unit.blocking.engine import Engine
from pprl.unit.journal import FolderJournal, Journal, MemoryJournal
from pprl.unit.run.match import run_match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import MatchPlan, plan_match
from pprl.unit.run.stages import Stages

__all__ = ["LinkageJob", "match"]

_MAPPED_FROM = 4
"""Files that together take more than the memory divided by this, unpacked, are memory-mapped. Chosen; not sensitive: a
run needs a multiple of what its encodings take."""


class LinkageJob:
    """Encoded files become links. Nothing is done before it is asked for.

    Ask for :attr:`files`, :attr:`plan` or :meth:`link` in any order: each does what it needs. Files and plan are made
    once and kept. Each call of :meth:`link` or :meth:`write` compares and links anew, except for the steps that a
    `workspace` has kept. With a workspace a job works inside a ``with`` block only, because the workspace is locked and
    checked to be private where the block begins; a run that was killed can go on from it.

    Args:
        files: encoded files, or their paths.
        options: what the operator chooses; the agreement's own matching rule by default.
        earlier: links of an earlier run of some of these files, or their folder: they stay, with their link ids, and
            the other files are linked to them.
        engine: what compares instead of this machine, for example :class:`pprl.engines.spark.SparkEngine`; the files
            must have been read from paths.
        workspace: a private folder for what a long run has so far; memory by default.
        frames: whether the links will become DataFrames: the memory that these take is then planned for.
        threads: cores to use, from 1 to as many as the machine has; all by default.
        progress: called with a stage's name, the fraction done and a note.

    Raises:
        UsageError: something that is neither an encoded file nor a path, or more threads than the machine has cores;
            or, when it is asked for anything, a workspace outside of a ``with`` block.

    Example:
        >>> with pprl.LinkageJob(["health.parquet", "education.parquet"], threads=1) as job:
        ...     pairs = job.plan.pairs_expected  # known before the long work
        ...     made = job.write("links-again")
        >>> made.run.parties
        ['health', 'education']
    """

    def __init__(
        self,
        files: Iterable[EncodedFile | Path | str] | EncodedFile | Path | str,
        options: MatchOptions | None = None,
        *,
        earlier: Links | Path | str | None = None,
        engine: Engine | None = None,
        workspace: Unfinished | None = None,
        frames: bool = False,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        check_threads(threads)
        alone = isinstance(files, EncodedFile | Path | str)
        self._given: list[EncodedFile | Path | str] = [files] if alone else list(files)  # type: ignore[arg-type,list-item]
        for given in self._given:
            if not isinstance(given, EncodedFile | Path | str):
                raise UsageError(
                    f"a {type(given).__name__} is not an encoded file",
                    hint="Give what pprl.encode returned as .encoded, or the path of an encoded file.",
                )
        self._options = options or MatchOptions()
        self._earlier = earlier
        self._engine = engine
        self._workspace = workspace
        self._frames = frames
        self._threads = threads
        self._progress = progress
        self._stages = Stages()
        self._mapped: MappedFolder | None = None
        self._held = ExitStack()
        self._open = workspace is None

    def __enter__(self) -> LinkageJob:
        with ExitStack() as held:
            if self._workspace is not None:
                held.enter_context(self._workspace)
                self._mapped = held.enter_context(MappedFolder(self._workspace.room("rows")))
            self._held = held.pop_all()
        self._open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Windows removes no file that is still mapped: nothing here may refer to the files any more.
        for name in ("files", "plan", "journal"):
            self.__dict__.pop(name, None)
        self._open = self._workspace is None
        self._held.__exit__(kind, error, trace)

    @cached_property
    def files(self) -> Sequence[EncodedFile]:
        """The encoded files, memory-mapped in the workspace where they are large.

        Raises:
            EncodedFileError: a file is not an encoded file, or is damaged; or the files take more memory than they may,
                and there is no workspace to keep them in.
            OutputError: the disk is full.
        """
        self._check_open()
        limit = self._options.memory or total_memory() // 2
        made = []
        with self._stages("read"):
            # Of every header first, and of no file's length: what is small may unpack to more than the memory holds.
            sizes = [
                0 if isinstance(given, EncodedFile) else unpacked_bytes(given)
                for given in self._given
            ]
            mapped = self._mapped if sum(sizes) > limit // _MAPPED_FROM else None
            for given, before in zip(self._given, accumulate(sizes, initial=0), strict=False):
                if isinstance(given, EncodedFile):
                    made.append(given)
                else:
                    memory = max(limit - before, 0)
                    made.append(read_encoded(given, mapped=mapped, memory=memory))
        return made

    @cached_property
    def earlier(self) -> Links | None:
        """The links of the earlier run.

        Raises:
            LinksError: the folder is not a links folder, or is damaged.
        """
        if self._earlier is None or isinstance(self._earlier, Links):
            return self._earlier
        return read_links(self._earlier)

    @cached_property
    def plan(self) -> MatchPlan:
        """What the run will do; see :func:`pprl.unit.run.plan.plan_match`, also for what it raises."""
        with limited_threads(self._threads):
            return plan_match(
                self.files,
                self._options,
                earlier=self.earlier,
                engine=self._engine,
                frames=self._frames,
                stages=self._stages,
                progress=self._progress,
            )

    @cached_property
    def journal(self) -> Journal:
        """What keeps the steps of the run: in the workspace, or in memory.

        Raises:
            OutputError: the workspace holds parts of another run, or the disk is full.
        """
        self._check_open()
        if self._workspace is None:
            return MemoryJournal()
        return FolderJournal(self._workspace.folder, _setup(self.plan))

    @property
    def steps_done(self) -> int:
        """Steps that an earlier attempt has left in the workspace."""
        return self.journal.resumed if isinstance(self.journal, FolderJournal) else 0

    def link(self) -> LinkTables:
        """Compare and link; see :func:`pprl.unit.run.match.run_match`, also for what it raises."""
        with limited_threads(self._threads):
            return run_match(self.plan, journal=self.journal, progress=self._progress)

    def _check_open(self) -> None:
        if not self._open:
            raise UsageError(
                "a job with a workspace was used outside of a with block",
                hint="Write `with pprl.LinkageJob(..., workspace=...) as job:` and use the job inside.",
            )

    def write(self, output: Path | str, *, force: bool = False) -> LinkTables:
        """Compare, link and write the links folder, whole or not at all.

        Args:
            output: the folder to write.
            force: replace a folder that an earlier run wrote.

        Raises:
            OutputError: the folder exists or can't be written.
        """
        output = Path(output)
        tables = self.link()
        with Outputs(force=force) as outputs:
            write_tables(tables, outputs.folder(output, holds=RUN_FILE))
        return tables


def _setup(plan: MatchPlan) -> dict[str, object]:
    """Return what decides the parts of a run: only a run of the very same may go on with them."""
    return {
        "software": [VERSION, np.__version__, numba.__version__, scipy.__version__],
        "agreement": plan.files[0].agreement.fingerprint(),
        "files": [file.header.content_sha256 for file in plan.files],
        "threshold": [plan.settled.asked, float(plan.threshold.value).hex()],
        "floors": [float(floor).hex() for floor in plan.floors.values()],
        "blocking": list(plan.passes),
        "plan": [of_pass and of_pass.model_dump(mode="json") for of_pass in plan.blocking],
        "completeness": plan.settled.completeness,
        "sample": plan.settled.sample,
        "assign": plan.assign,
        "engine": "local" if plan.engine is None else plan.engine.name,
        "extends": None if plan.earlier is None else list(plan.earlier.parties),
    }


def match(
    files: Iterable[EncodedFile | Path | str] | EncodedFile | Path | str,
    options: MatchOptions | None = None,
    *,
    earlier: Links | Path | str | None = None,
    engine: Engine | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Links:
    """Link encoded files; with one file, find its duplicates.

    Args:
        files: one or more encoded files of one agreement and key, or their paths.
        options: what the operator chooses; the agreement's own matching rule by default.
        earlier: links of an earlier run of some of these files, or their folder: they stay, with their link ids, and
            the other files are linked to them.
        engine: what compares instead of this machine, for example :class:`pprl.engines.spark.SparkEngine`; the files
            must have been read from paths.
        threads: cores to use, from 1 to as many as the machine has; all by default.
        progress: called with a stage's name, the fraction done and a note.

    Returns:
        The links; a score is a similarity in the profile ``record`` and a match probability in ``fields``, a weight is
        in bits. How they are found: ``docs/linking.md``.

    Raises:
        MismatchError: the files can't be compared.
        EncodedFileError: a file is not an encoded file, or is damaged.
        UsageError: the options contradict each other or the files, or more threads than the machine has cores.
        DataError: an empty file, or more pairs than fit in memory.

    Example:
        >>> links = pprl.match([a.encoded, b.encoded])
        >>> list(links.links.columns)
        ['link_id', 'party', 'pseudonym']
        >>> links.parties
        ['health', 'education']
    """
    job = LinkageJob(
        files,
        options,
        earlier=earlier,
        engine=engine,
        frames=True,
        threads=threads,
        progress=progress,
    )
    return Links.of(job.link())
