"""What a person reads when a file or a folder cannot be written."""

from pathlib import Path


class WriteError(OSError):
    """A file or folder cannot be written; as text one sentence with the place, what is wrong with it, and the system's reason.

    message   what is wrong, as in "the folder cannot be made"
    reason    the system's own words, as in "No space left on device"
    """

    def __init__(self, path: str | Path, message: str, error: OSError) -> None:
        self.message = message
        self.reason = error.strerror or str(error)
        super().__init__(error.errno, self.reason, str(path))

    def __str__(self) -> str:
        return f"{self.filename}: {self.message} ({self.reason})."
