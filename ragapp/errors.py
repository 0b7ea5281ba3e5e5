"""Every error that ragapp raises on purpose; any other exception is a defect of ragapp.

An error says what happened, to which file, and what to do next; the command line prints it and ends with ``exit_code``.
"""

from __future__ import annotations


class RagappError(Exception):
    """A problem that the person can act on.

    The message says what happened, naming the file or the setting; the hint, if any, what to do next, ideally as a
    command that can be pasted.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(RagappError):
    """The command was called with arguments that make no sense."""

    exit_code = 2


class SettingsError(RagappError):
    """The settings file, a profile or an environment variable is wrong."""


class PathError(RagappError):
    """A path given by the person does not exist or cannot be read."""


class ReadingError(RagappError):
    """One file could not be read; the others go on."""


class TransientReadingError(ReadingError):
    """A file could not be read for a reason that may pass while the file stays the same; the next run tries again."""


class StoreError(RagappError):
    """The catalog or the vector store cannot be used as it is."""


class IdentityError(StoreError):
    """The store was made with another embedder."""


class VectorsUnavailableError(StoreError):
    """The vector store's server has not done what it was asked; the catalog has everything.

    ``again_at_once``: it may do so when it is asked anew, because it does not know a collection (any more).
    """

    def __init__(self, message: str, hint: str = "", again_at_once: bool = False):
        super().__init__(message, hint)
        self.again_at_once = again_at_once


class EmptyStoreError(StoreError):
    """There is nothing to search yet."""


class NotYetError(EmptyStoreError):
    """There is nothing to search yet, but the first documents are being read."""


class StoppingError(RagappError):
    """The server is being stopped and takes nothing more; asked again in a moment, another one may be there."""


class BusyError(RagappError):
    """As many questions as may be answered or wait at a time do; after ``retry_s`` seconds it is worth asking again."""

    def __init__(self, message: str, hint: str = "", retry_s: int = 10):
        super().__init__(message, hint)
        self.retry_s = retry_s


class ModelError(RagappError):
    """A model is missing, damaged or does not fit."""


class PullError(ModelError):
    """Weights could not be downloaded, or their checksum is wrong."""


class BundleError(RagappError):
    """A bundle cannot be made, is damaged, or is not for this machine."""


class PrivacyError(RagappError):
    """Something would have reached another machine, and was refused; the message names the place and who tried."""


class ProgramError(PrivacyError, FileNotFoundError):
    """A program that ragapp does not need was not started; libraries that only probe for it take it for missing."""


class CancelledError(RagappError):
    """The person stopped the work."""

    exit_code = 130  # what shells give for Ctrl-C
