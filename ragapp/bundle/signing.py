"""Signs the manifest of a bundle with Ed25519 (RFC 8032), by a key of this account that is made when first needed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ragapp import file_permissions
from ragapp.bundle.manifest import MANIFEST, SIGNATURE, SIGNER
from ragapp.errors import BundleError
from ragapp.plain_words import reason_of

KEY_NAME = "bundle-key.pem"


def sign(bundle: Path, key_file: Path) -> str:
    """Sign a bundle's manifest; the fingerprint of the key, which is made where there is none.

    Raises BundleError: the key cannot be read or written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        if not key_file.is_file():
            made = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            file_permissions.make_private_folder(key_file.parent)
            file_permissions.write_atomically(key_file, made.decode(), lasting=True)
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is no private key without a password"
        hint = "Move it away, and a new one is made."
        raise BundleError(f"The signing key {key_file} cannot be used: {why}.", hint) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"The signing key {key_file} is no Ed25519 key.", "Move it away, and a new one is made.")
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (bundle / SIGNER).write_bytes(public)
    (bundle / SIGNATURE).write_bytes(key.sign((bundle / MANIFEST).read_bytes()))
    return fingerprint(public)


def signer_of(bundle: Path) -> str:
    """The fingerprint of the key that signed a bundle's manifest as it is; empty where it was not signed.

    Raises BundleError: the signature is not one of this manifest by the key that lies beside it.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not (bundle / SIGNATURE).is_file() and not (bundle / SIGNER).is_file():
        return ""
    try:
        public = (bundle / SIGNER).read_bytes()
        key = serialization.load_pem_public_key(public)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("another kind of key")
        key.verify((bundle / SIGNATURE).read_bytes(), (bundle / MANIFEST).read_bytes())
    except (OSError, ValueError, InvalidSignature):
        told = f"The signature of {bundle / MANIFEST} is not right."
        raise BundleError(told, "Do not use this bundle; have it made or copied again.") from None
    return fingerprint(public)


def fingerprint(public: bytes) -> str:
    """SHA-256 of a public key file, in groups that can be read aloud; half of it, which nobody can aim at."""
    digest = hashlib.sha256(public).hexdigest()[:32]
    return "-".join(digest[start : start + 4] for start in range(0, 32, 4))
