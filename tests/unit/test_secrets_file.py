"""What a person brings: its forms, and what is refused without being shown."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks import secrets_file
from tasks.errors import ConfigError
from tasks.secrets_file import Brought

KNOWN = ("jwt-secret", "pg-password", "supabase-storage-creds", "smtp-password")
VALUE = "a-value-that-nobody-may-see"


def written(folder: Path, name: str, text: str, mode: int = 0o600) -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", f"jwt-secret: {VALUE}\nsmtp-password: 'with # and spaces'\n"),
        ("a.yml", f"# mine\njwt-secret: {VALUE}\nsmtp-password: 'with # and spaces'\n"),
        ("a.json", json.dumps({"jwt-secret": VALUE, "smtp-password": "with # and spaces"})),
        ("a.env", f"JWT_SECRET={VALUE}\n\n# mine\nSMTP_PASSWORD='with # and spaces'\n"),
        (".env", f"export SECRET_JWT_SECRET={VALUE}\nsmtp-password='with # and spaces'\n"),
    ],
)
def test_every_form_brings_the_same(tmp_path: Path, name: str, text: str) -> None:
    found = Brought(written(tmp_path, name, text)).read(KNOWN)

    assert found == {"jwt-secret": VALUE, "smtp-password": "with # and spaces"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "supabase-storage-creds:\n  keyId: one\n  accessKey: two\n"),
        ("a.json", '{"supabase-storage-creds": {"keyId": "one", "accessKey": "two"}}'),
        ("a.env", """SUPABASE_STORAGE_CREDS='{"keyId":"one","accessKey":"two"}'"""),
    ],
)
def test_a_secret_of_several_parts_becomes_json(tmp_path: Path, name: str, text: str) -> None:
    found = Brought(written(tmp_path, name, text)).read(KNOWN)

    assert json.loads(found["supabase-storage-creds"]) == {"keyId": "one", "accessKey": "two"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_a_text_in_json_comes_as_it_is(tmp_path: Path, value: str) -> None:
    path = written(tmp_path, "a.json", json.dumps({"jwt-secret": value}))

    assert Brought(path).read(KNOWN) == {"jwt-secret": value}


def test_variables_bring_what_the_file_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_PG_PASSWORD", "from-the-environment")
    monkeypatch.setenv("SECRET_SMTP_PASSWORD", "")

    found = Brought(written(tmp_path, "a.env", f"JWT_SECRET={VALUE}")).read(KNOWN)

    assert found == {"pg-password": "from-the-environment", "jwt-secret": VALUE}


def test_two_values_for_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_JWT_SECRET", "another")

    with pytest.raises(ConfigError, match="SECRET_JWT_SECRET say different things"):
        Brought(written(tmp_path, "a.env", f"JWT_SECRET={VALUE}")).read(KNOWN)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o602])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, "a.env", f"JWT_SECRET={VALUE}", mode)

    with pytest.raises(ConfigError) as refusal:
        Brought(path).read(KNOWN)

    assert f"(mode {mode:04o})" in refusal.value.message
    assert f"chmod 600 {path}" in refusal.value.hint


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.yaml", f"jwt-secrt: {VALUE}", "jwt-secrt: no secret of this environment. Did you mean"),
        ("a.yaml", f"jwt_secret: {VALUE}", "Key Vault takes letters, digits and dashes"),
        ("a.yaml", f"my.own: {VALUE}", "up to 127 of them"),
        ("a.yaml", f"frobnicate: {VALUE}", "belongs to `provided_secrets`"),
        ("a.yaml", f"jwt-secret: {VALUE}\njwt-secret: other", "jwt-secret: there twice"),
        ("a.json", f'{{"jwt-secret": "{VALUE}", "jwt-secret": "x"}}', "jwt-secret: there twice"),
        ("a.env", f"JWT_SECRET={VALUE}\njwt-secret=other", "jwt-secret: there twice"),
        ("a.yaml", "jwt-secret: 12345", "jwt-secret: its value is no text; quote it"),
        ("a.yaml", f"jwt-secret: [{VALUE}]", "jwt-secret: its value is no text; quote it"),
        ("a.yaml", f"- {VALUE}", "there are no names with values in it"),
        ("a.yaml", f"jwt-secret: '{VALUE}", "is not YAML"),
        ("a.yaml", f"jwt-secret: !!python/name:os.{VALUE} x", "is not YAML"),
        ("a.json", f'{{"jwt-secret": "{VALUE}', "line 1 is not JSON"),
        ("a.env", f"JWT_SECRET={VALUE} more", "line 1 is not NAME=value"),
        ("a.env", f"\nJWT_SECRET='{VALUE}", "line 2 is not NAME=value"),
        ("a.env", f"{VALUE}", "line 1 is not NAME=value"),
        ("a.txt", f"JWT_SECRET={VALUE}", "ends with .txt, so its form is unknown"),
    ],
)
def test_what_is_wrong_is_named_and_never_shown(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        Brought(written(tmp_path, name, text)).read(KNOWN)

    assert complaint in str(refusal.value)
    assert VALUE not in str(refusal.value)
    assert refusal.value.hint
    assert refusal.value.__cause__ is None


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a.yaml", f"jwt-secrt: {VALUE}\npg_password: {VALUE}")

    with pytest.raises(ConfigError) as refusal:
        Brought(path).read(KNOWN)

    assert "'jwt-secret'" in refusal.value.message
    assert "'pg-password'" in refusal.value.message


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        Brought(str(tmp_path / "none.env")).read(KNOWN)
    with pytest.raises(ConfigError, match="is no file"):
        Brought(str(tmp_path)).read(KNOWN)
    (tmp_path / "a.env").write_bytes(b"\xff\xfe")
    (tmp_path / "a.env").chmod(0o600)
    with pytest.raises(ConfigError, match="no text in UTF-8"):
        secrets_file.read(tmp_path / "a.env")
