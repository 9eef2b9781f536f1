"""The profiles there are, by name: the one place that tells them apart."""

from __future__ import annotations

from collections.abc import Sequence

from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.fields.model import fit_fields_model
from pprl.unit.weighing.model import PairModel
from pprl.unit.weighing.record.model import fit_record_model

__all__ = ["fit_model"]


def fit_model(
    files: Sequence[EncodedFile], *, sample: int, progress: ShareDone | None = None
) -> PairModel:
    """Learn from the files what agreement says, in the profile of their agreement.

    Args:
        files: encoded files of one agreement and key.
        sample: records a file that are looked at, at most.
        progress: called with the share done.
    """
    if files[0].agreement.profile == "fields":
        return fit_fields_model(files, sample=sample, progress=progress)
    return fit_record_model(files, sample=sample, progress=progress)
