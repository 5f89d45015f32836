"""The sandbox's own certificate authority: one certificate per host name, made when first asked."""

import ssl
from pathlib import Path

import trustme

from sandbox.files import write_private

ORGANIZATION = "Azure sandbox on this machine"


class Authority:
    """Issues the certificates that clients of the sandbox trust through `ca.pem`."""

    def __init__(self, folder: Path) -> None:
        """Use the authority that is kept in a folder, or found one there."""
        self.certificate = folder / "ca.pem"
        key = folder / "ca.key"
        if self.certificate.exists() and key.exists():
            pair = (self.certificate.read_bytes(), key.read_bytes())
            self._authority = trustme.CA.from_pem(*pair)
        else:
            self._authority = trustme.CA(organization_name=ORGANIZATION)
            write_private(key, self._authority.private_key_pem.bytes())
            self.certificate.write_bytes(self._authority.cert_pem.bytes())
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}

    def context(self, host: str, protocol: str = "http/1.1") -> ssl.SSLContext:
        """What a TLS server needs to be that host, and to speak that protocol inside."""
        if (host, protocol) not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols([protocol])
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host, protocol] = context
        return self._contexts[host, protocol]
