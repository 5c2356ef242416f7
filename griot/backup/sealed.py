"""A sealed file: records one after another, encrypted, each in its place, the last one marked.

libsodium's secretstream (XChaCha20-Poly1305) does the work: a record that was changed, moved, left out or
cut off is noticed. The key comes from a secret text through Argon2id, with a salt of the file's own.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from nacl import bindings, pwhash
from nacl.exceptions import CryptoError

MAGIC = b"griot backup 1\n"
SALT = pwhash.argon2id.SALTBYTES
HEADER = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
EXTRA = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
KEY = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
LENGTH = struct.Struct(">I")
LONGEST = 64 << 20  # bytes of a record: a damaged length must not ask for all memory


class SealError(Exception):
    """The file cannot be opened: no backup, another key, damaged or cut off."""


class Sealer:
    """Writes records into a sealed file."""

    def __init__(self, file: BinaryIO, secret: str) -> None:
        salt = os.urandom(SALT)
        self._file = file
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        self._begin = MAGIC + salt
        header = bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, _key(secret, salt))
        file.write(self._begin + header)

    def add(self, record: bytes, *, is_last: bool = False) -> None:
        """Write one record; nothing can follow the last. Raise ValueError for one that is too long."""
        if len(record) > LONGEST:
            raise ValueError("a record of this length cannot be read again")
        tag = LAST if is_last else MESSAGE
        sealed = bindings.crypto_secretstream_xchacha20poly1305_push(self._state, record, self._begin, tag)
        self._file.write(LENGTH.pack(len(sealed)) + sealed)


def unsealed(file: BinaryIO, secrets: Sequence[str]) -> Iterator[bytes]:
    """Yield the records of a sealed file; any one of the secrets may open it. Raise SealError."""
    begin = file.read(len(MAGIC) + SALT)
    header = file.read(HEADER)
    if not begin.startswith(MAGIC) or len(header) < HEADER:
        raise SealError("This is no backup of Griot, or its beginning is damaged")
    sealed = _next(file)
    state, record, tag = _first(begin, header, sealed, secrets)
    yield record
    while tag != LAST:
        try:
            pulled = bindings.crypto_secretstream_xchacha20poly1305_pull(state, _next(file), begin)
        except CryptoError:
            raise SealError(f"The backup is damaged before byte {file.tell()}") from None
        record, tag = pulled
        yield record
    if file.read(1):
        raise SealError("Something follows the end of the backup")


def _first(
    begin: bytes, header: bytes, sealed: bytes, secrets: Sequence[str]
) -> tuple[bindings.crypto_secretstream_xchacha20poly1305_state, bytes, int]:
    """Return the state, the first record and its tag: whichever secret opens it."""
    for secret in secrets:
        state = bindings.crypto_secretstream_xchacha20poly1305_state()
        key = _key(secret, begin[len(MAGIC) :])
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
        try:
            record, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, sealed, begin)
        except CryptoError:
            continue
        return state, record, tag
    raise SealError("Another key sealed this backup, or its beginning is damaged")


def _next(file: BinaryIO) -> bytes:
    """Return the next record as it is stored; raise SealError where the file ends before its last."""
    length = file.read(LENGTH.size)
    size = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else 0
    if size > LONGEST + EXTRA:
        raise SealError(f"The backup is damaged before byte {file.tell()}")
    sealed = file.read(size)
    if size < EXTRA or len(sealed) < size:
        raise SealError("The backup is cut off: its end is missing")
    return sealed


def _key(secret: str, salt: bytes) -> bytes:
    return pwhash.argon2id.kdf(
        KEY,
        secret.encode(),
        salt,
        opslimit=pwhash.argon2id.OPSLIMIT_INTERACTIVE,
        memlimit=pwhash.argon2id.MEMLIMIT_INTERACTIVE,
    )
