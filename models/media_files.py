"""The files of what people attached, under GRIOT_VAR: named by their content, written whole or not at all."""

import os
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

FOLDER = "media"


class MediaFiles:
    """A folder of files; the same content is kept once."""

    def __init__(self, var: Path) -> None:
        self._folder = var / FOLDER

    def keep(self, content: bytes, extension: str) -> tuple[str, str]:
        """Return the SHA-256 and the path below the folder of this content, written down; raise OSError."""
        digest = sha256(content).hexdigest()
        path = f"{digest[:2]}/{digest}.{extension}"
        target = self._folder / path
        if target.is_file():
            os.utime(target)  # it may be nobody's still: not to be taken for left behind
        else:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(target, content)
        return digest, path

    def find(self, path: str) -> Path | None:
        """Return where a file lies, None when it is gone."""
        target = (self._folder / path).resolve()
        is_inside = target.is_relative_to(self._folder.resolve())
        return target if path and is_inside and target.is_file() else None

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone is no error."""
        if target := self.find(path):
            target.unlink(missing_ok=True)

    def unnamed(self, named: Collection[str], before: float) -> list[str]:
        """Return files, half written ones too, that are not named and older than this (epoch seconds)."""
        old = (path for path in self._folder.glob("*/*") if path.stat().st_mtime < before)
        return sorted({path.relative_to(self._folder).as_posix() for path in old} - set(named))

    def _write(self, target: Path, content: bytes) -> None:
        """Write beside the target, then take its name: a crash leaves no half file under it."""
        beside = target.with_name(f".{token_hex(8)}.part")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        self._sync(target.parent)

    def _sync(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
