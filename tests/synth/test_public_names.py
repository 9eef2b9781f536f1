"""What programs may take from `pprl.synth`."""

from __future__ import annotations

import pytest

import pprl.synth


@pytest.mark.parametrize("name", pprl.synth.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pprl.synth, name) is not None
    assert name in dir(pprl.synth)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'Plans'"):
        _ = pprl.synth.Plans
