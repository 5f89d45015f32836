"""
The certificate of the plugin's socket.

Terraform insists on one; the private folder of the socket is the protection.
"""

import base64
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path


def create() -> bytes:
    """A key and a certificate for `localhost`, on a curve that Terraform and grpc both know."""
    from cryptography import x509  # noqa: PLC0415 - takes longer than the start of the provider may
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def ensure(file: Path) -> bytes:
    """The key and certificate in `file`, made when it is missing; only its owner can read it."""
    if not file.exists():
        handle, fresh = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(create())
        Path(fresh).replace(file)
    return file.read_bytes()


def handshake_form(pem: bytes) -> str:
    """The certificate alone, as the handshake line carries it: DER in base64 without padding."""
    body = pem.split(b"-----BEGIN CERTIFICATE-----")[1].split(b"-----END CERTIFICATE-----")[0]
    return base64.b64encode(base64.b64decode(body)).decode().rstrip("=")
