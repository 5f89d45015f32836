"""The certificates with which the edge ends TLS."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from tasks.drift.finding import Finding, Severity

SOON, URGENT = timedelta(days=21), timedelta(days=7)  # cert-manager renews a month before the end.
RENEW = (
    "Renew it where it comes from: with cert-manager, `kubectl describe certificate` says why it "
    "does not; else put a new one into the Secret. docs/architecture.md, 'How clients get in'."
)


def certificates(
    lines: Iterable[str], wanted: Sequence[str], namespace: str, now: datetime
) -> Iterator[Finding]:
    """Of `name certificate`: those that are wanted and absent, and those near their end."""
    found = dict(line.split() for line in lines if len(line.split()) > 1)
    for name in wanted:
        if name not in found:
            yield Finding(
                "certificate-missing",
                "critical",
                f"{namespace}/Secret/{name}",
                "The edge wants this certificate, and no Secret holds it: clients get no TLS.",
                "Put a certificate into the Secret, or name an issuer of cert-manager: "
                "docs/architecture.md, 'How clients get in'.",
            )
    yield from _ends(found, namespace, now)


def _ends(found: Mapping[str, str], namespace: str, now: datetime) -> Iterator[Finding]:
    for name, encoded in found.items():
        where = f"{namespace}/Secret/{name}"
        try:
            end = x509.load_pem_x509_certificate(base64.b64decode(encoded)).not_valid_after_utc
        except ValueError:
            what = "What it holds as tls.crt is no certificate."
            yield Finding("certificate-unreadable", "critical", where, what, RENEW)
            continue
        if end <= now:
            what = f"It expired on {end:%Y-%m-%d}: clients refuse the connection."
            yield Finding("certificate-expired", "critical", where, what, RENEW)
        elif end <= now + SOON:
            severity: Severity = "critical" if end <= now + URGENT else "warning"
            what = f"It expires on {end:%Y-%m-%d}."
            yield Finding("certificate-expiring", severity, where, what, RENEW)
