"""Credentials that were valid once, each shown where it counted."""

import json
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from client import ask
from supabase import Platform

TOKENS = ("jwt-set",)  # Names under which a token of an old signing key stands.
FILES = ("supabase-storage-creds",)
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes.


@dataclass(frozen=True)
class Retired:
    """One of them, under the name of the secret that it was."""

    it: Platform
    name: str
    value: str = field(repr=False)

    @classmethod
    def named(cls, it: Platform) -> dict[str, Self]:
        found = json.loads(os.environ.get("RETIRED") or "{}")
        return {name: cls(it, name, value) for name, value in found.items()}

    @property
    def is_token(self) -> bool:
        return self.name in TOKENS

    @property
    def signs_files(self) -> bool:
        return self.name in FILES

    def at_gateway(self) -> str:
        return str(ask("GET", f"{self.it.url}/auth/v1/health", {"apikey": self.value}).status)

    def at_tables(self) -> str:
        return self._with_token("/rest/v1/")

    def at_functions(self) -> str:
        return self._with_token("/functions/v1/hello")

    def _with_token(self, path: str) -> str:
        """With a key that is valid: the token alone is to be the reason."""
        return self.it.status(path, "service", authorization=f"Bearer {self.value}")

    def at_files(self) -> str:
        """The status and its reason: were the identity known, that would be our signature."""
        now = datetime.now(UTC)
        scope = f"{self.value.partition(':')[0]}/{now:%Y%m%d}/us-east-1/s3/aws4_request"
        signed = "SignedHeaders=host;x-amz-content-sha256;x-amz-date"
        headers = {
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, {signed}, Signature={'0' * 64}",
            "x-amz-content-sha256": NOTHING,
            "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}",
        }
        answer = ask("GET", f"{os.environ['S3_URL']}/", headers)
        code = re.search(rb"<Code>(\w+)</Code>", answer.body)
        return f"{answer.status} {code[1].decode() if code else ''}".strip()
