"""Password-protected Office files: opened with the passwords that the person gave."""

from __future__ import annotations

import io
from collections.abc import Sequence

from ragapp.errors import ReadingError

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# Excel's own password for workbooks that are protected against changes only
_NO_SECRET = "VelvetSweatshop"


def is_encrypted_package(data: bytes) -> bool:
    """Whether these bytes are a DOCX, XLSX or PPTX wrapped in encryption."""
    return data.startswith(OLE_SIGNATURE) and _ENCRYPTED in data


def decrypted(data: bytes, passwords: Sequence[str]) -> bytes:
    """The content of an encrypted Office file (DOCX, XLSX, PPTX or XLS).

    Args:
        data: the encrypted file.
        passwords: tried in order.

    Raises:
        ReadingError: no password opens it, or its encryption is not supported.
    """
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, InvalidKeyError

    for password in (_NO_SECRET, *passwords):
        content = io.BytesIO()
        try:
            file = msoffcrypto.OfficeFile(io.BytesIO(data))
            # XLS verifies in any case
            file.load_key(password=password, **({"verify_password": True} if file.format == "ooxml" else {}))
            file.decrypt(content)
            return content.getvalue()
        except InvalidKeyError:
            continue
        except DecryptionError as error:
            hint = "Open it with its password and save it without one."
            raise ReadingError(f"the file's encryption can't be opened ({error})", hint) from error
        except MemoryError:
            raise
        except Exception as error:  # olefile and the XML parser raise anything over a damaged file
            message = f"the file is password-protected and truncated or damaged ({type(error).__name__}: {error})"
            raise ReadingError(message, "Get a new copy.") from error
    raise needs_password(passwords)


def needs_password(passwords: Sequence[str]) -> ReadingError:
    """The error of a protected file that none of the passwords opens."""
    tried = " and no password of ingest.passwords opens it" if passwords else ""
    message = f"the file is password-protected{tried}"
    return ReadingError(message, "Add its password to ingest.passwords in settings.yaml.")
