"""The key: made once, readable by its owner only, checked when read, shown to nobody."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import KeyFileError
from pprl.party.keys.key import Key

SECRET = bytes(range(32))


def test_a_key_file_is_read_back(tmp_path: Path) -> None:
    """What was saved is loaded."""
    key = Key.generate()
    key.save(tmp_path / "KEY")
    assert Key.load(tmp_path / "KEY") == key


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_key_file_is_its_owners(tmp_path: Path, mask: int) -> None:
    """Mode 0600 whatever the umask is."""
    before = os.umask(mask)
    try:
        Key.generate().save(tmp_path / "KEY")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "KEY").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """An existing file stays as it is."""
    path = tmp_path / "KEY"
    path.write_bytes(b"something else")
    with pytest.raises(KeyFileError, match="never overwritten"):
        Key.generate().save(path)
    assert path.read_bytes() == b"something else"


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    """A link laid in the way gets no key written through it."""
    (tmp_path / "KEY").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError):
        Key.generate().save(tmp_path / "KEY")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The error says what to do, and nothing is left."""
    with pytest.raises(KeyFileError) as caught:
        Key.generate().save(tmp_path / "none" / "KEY")
    assert caught.value.hint


@settings(deadline=None, max_examples=60)
@given(at=st.integers(18, 90), byte=st.sampled_from(b"0123456789abcdef:gG \n"))
def test_one_changed_character_is_found(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    """The checksum, or the form, betrays any slip; the message shows nothing of the file."""
    text = bytearray(Key(SECRET).secret_text().encode())
    if text[at] == byte:
        return
    text[at] = byte
    path = tmp_path_factory.getbasetemp() / "KEY"
    path.write_bytes(text)
    try:
        with pytest.raises(KeyFileError) as caught:
            Key.load(path)
    finally:
        path.unlink()
    assert "0405060708" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_ends_of_line_of_any_system(tmp_path: Path, end: str) -> None:
    """A key file that went through another system is read."""
    (tmp_path / "KEY").touch(mode=0o600)
    (tmp_path / "KEY").write_bytes((Key(SECRET).secret_text().rstrip("\n") + end).encode())
    assert Key.load(tmp_path / "KEY") == Key(SECRET)


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing elsewhere")
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o602])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """The party that received the key by mail has it readable by everyone, unless told."""
    Key(SECRET).save(tmp_path / "KEY")
    (tmp_path / "KEY").chmod(mode)
    with pytest.raises(KeyFileError, match="other users") as caught:
        Key.load(tmp_path / "KEY")
    assert "chmod 600" in str(caught.value.hint)


def test_no_introspection_shows_the_secret() -> None:
    """Notebooks and error trackers print the fields of what they meet."""
    key = Key(SECRET)
    assert not hasattr(key, "__dict__")
    assert SECRET.hex() not in repr(key) + str(key)
    assert repr(SECRET) not in repr(key) + str(key)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    """Each is said plainly."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyFileError):
            Key.load(path)


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    """Reading is bounded."""
    (tmp_path / "KEY").write_bytes(Key(SECRET).secret_text().encode() + b"x" * 10_000_000)
    with pytest.raises(KeyFileError):
        Key.load(tmp_path / "KEY")


def test_a_key_shows_nothing(tmp_path: Path) -> None:
    """Representation, text and format are masked."""
    key = Key(SECRET)
    for text in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert "00010203" not in text
        assert "secret" in text


@pytest.mark.parametrize("work", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_never_pickled(work: object) -> None:
    """No copy of the key leaves the process by accident."""
    with pytest.raises(TypeError, match="never pickled"):
        work(Key(SECRET))  # type: ignore[operator]


@pytest.mark.parametrize("secret", [b"", b"x" * 31, b"x" * 33])
def test_a_key_has_256_bits(secret: bytes) -> None:
    """Any other length is refused."""
    with pytest.raises(KeyFileError):
        Key(secret)


def test_a_key_of_zeros_is_refused(tmp_path: Path) -> None:
    """What a program leaves that forgot to draw a key; a file of one, too, whose checksum holds."""
    with pytest.raises(KeyFileError, match="of zeros") as caught:
        Key(bytes(32))
    assert caught.value.hint
    checksum = hashlib.sha256(b"pprl/1/key-file" + bytes(32)).hexdigest()[:8]
    (tmp_path / "KEY").touch(0o600)
    (tmp_path / "KEY").write_text(f"pprl-secret-key-1:{'0' * 64}:{checksum}\n")
    with pytest.raises(KeyFileError, match="of zeros"):
        Key.load(tmp_path / "KEY")
    Key(bytes(31) + b"\1")


def test_a_harmless_name_gives_no_secret() -> None:
    """Whatever shows the secret says so in its name."""
    key = Key(SECRET)
    shown = [name for name in dir(key) if not name.startswith("_")]
    assert shown == [
        "check_value",
        "derive",
        "fingerprint",
        "generate",
        "load",
        "save",
        "secret_text",
    ]


def test_the_fingerprint_is_stable_and_of_digits() -> None:
    """Five groups of five digits, the same today as in version 1."""
    assert Key(SECRET).fingerprint() == "75315 19015 04252 98839 97849"
    assert Key.generate().fingerprint() != Key.generate().fingerprint()


def test_sub_keys_differ_by_purpose_salt_and_key() -> None:
    """No two purposes, agreements or keys share a sub-key."""
    made = {
        Key(secret).derive(purpose, salt=salt)
        for secret in (SECRET, SECRET[::-1])
        for purpose in (b"field/a", b"field/b", b"block/1", b"block/2", b"block/11")
        for salt in (b"1" * 32, b"2" * 32)
    }
    assert len(made) == 20
    assert Key(SECRET).check_value(b"1" * 32) != Key(SECRET).check_value(b"2" * 32)
