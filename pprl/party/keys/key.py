"""The parties' secret key: 256 random bits in a text file, and the sub-keys derived from it (SPEC.md, section 3)."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pprl.base.errors import KeyFileError

__all__ = ["KEY_PREFIX", "Key"]

KEY_PREFIX = "pprl-secret-key-1"
_LINE = re.compile(rb"\Apprl-secret-key-1:([0-9a-f]{64}):([0-9a-f]{8})\r?\n?\Z")


class Key:
    """A secret key. Its representation is masked, it can't be pickled, and listing its fields does not show it.

    Make one with :meth:`generate`, read one with :meth:`load`. Whoever calls the class itself answers for the bytes:
    they must come from a cryptographic random source; a pass phrase or a number is no key.

    Args:
        secret: 32 random bytes.

    Raises:
        KeyFileError: not 32 bytes, or all of them zero.

    Example:
        >>> pprl.Key.load("parties.key") == key
        True
        >>> key
        Key(<secret>)
    """

    __slots__ = ("__secret",)

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, bytes) or len(secret) != 32:
            raise KeyFileError("a key has 32 bytes", hint="`pprl keygen KEY` makes one.")
        if not any(secret):
            raise KeyFileError(
                "a key of zeros hides nothing: everybody can guess it",
                hint="`pprl keygen KEY` makes a random one.",
            )
        self.__secret = secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and secrets.compare_digest(self.__secret, other.__secret)

    def __hash__(self) -> int:
        return hash((Key, self.fingerprint()))

    def __repr__(self) -> str:
        return "Key(<secret>)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is never pickled")

    @classmethod
    def generate(cls) -> Key:
        """Return a new key from the operating system's random source."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def load(cls, path: Path | str) -> Key:
        """Read a key file.

        Raises:
            KeyFileError: missing, unreadable, not a key, mistyped (its checksum is wrong), of zeros only, or readable
                by other users.
        """
        path = Path(path)
        try:
            with path.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                content = stream.read(4096)  # a key file has 92 bytes, so more than this is no key
        except FileNotFoundError:
            raise KeyFileError(
                f"{path}: no such key file",
                hint="One party makes the key with `pprl keygen KEY` and hands it to the others through a secure "
                "channel.",
            ) from None
        except OSError as error:
            raise KeyFileError(f"{path}: the key can't be read: {error.strerror}") from None
        if os.name == "posix" and mode & 0o077:
            raise KeyFileError(
                f"{path} can be read by other users of this machine",
                hint=f"Make it readable by you alone (chmod 600 {path}) and try again.",
            )
        match = _LINE.match(content)
        if match is None:
            raise KeyFileError(
                f"{path} is not a key file of version 1",
                hint="A key file is one line that `pprl keygen` wrote; copy the file, don't retype it.",
            )
        secret = bytes.fromhex(match[1].decode())
        if _checksum(secret) != match[2].decode():
            raise KeyFileError(
                f"{path} was altered: its checksum does not hold",
                hint="Get the file again from the party that made it.",
            )
        return cls(secret)

    def secret_text(self) -> str:
        """Return the content of a key file, the secret itself: never show, log or send it. :meth:`save` writes it."""
        return f"{KEY_PREFIX}:{self.__secret.hex()}:{_checksum(self.__secret)}\n"

    def save(self, path: Path | str) -> None:
        """Write the key to a new file of mode 0600.

        Raises:
            KeyFileError: the file exists (a key is never overwritten) or can't be written.
        """
        path = Path(path)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            raise KeyFileError(
                f"{path} exists already; a key is never overwritten",
                hint="Choose another name. Files encoded with a lost key can't be linked again.",
            ) from None
        except OSError as error:
            raise KeyFileError(
                f"{path}: the key can't be written: {error.strerror}",
                hint="Check that the folder exists and that you may write there.",
            ) from None
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(self.secret_text().encode())
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException as error:  # an interrupt too must not leave half a key
            path.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise
            raise KeyFileError(
                f"{path}: the key can't be written: {error.strerror}",
                hint="Free some space and try again.",
            ) from None

    def fingerprint(self) -> str:
        """Return five groups of five digits that two people can compare over the phone (SPEC.md, section 3.3).

        Derived from the key by a one-way function; it reveals nothing about the key.
        """
        number = int.from_bytes(self.derive(b"fingerprint", salt=b"", length=16), "big") % 10**25
        digits = f"{number:025d}"
        return " ".join(digits[at : at + 5] for at in range(0, 25, 5))

    def derive(self, purpose: bytes, *, salt: bytes, length: int = 32) -> bytes:
        """Return a sub-key by HKDF-SHA-256 (RFC 5869; SPEC.md, section 3.2).

        Args:
            purpose: what it is for, for example ``b"field/surname"``; ``pprl/1/`` and this are HKDF's ``info``.
            salt: the agreement's encoding fingerprint.
            length: in bytes.
        """
        kdf = HKDF(algorithm=SHA256(), length=length, salt=salt, info=b"pprl/1/" + purpose)
        return kdf.derive(self.__secret)

    def check_value(self, salt: bytes) -> str:
        """Return the key check value (SPEC.md, section 3.3): 32 hexadecimal digits, equal for equal keys, one-way."""
        return self.derive(b"key-check", salt=salt, length=16).hex()


def _checksum(secret: bytes) -> str:
    """Return eight hexadecimal digits that show up a slip in copying (SPEC.md, section 3.1)."""
    return hashlib.sha256(b"pprl/1/key-file" + secret).hexdigest()[:8]
