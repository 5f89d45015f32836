"""Our seeding against a vault: what it writes, what it leaves, and what it refuses."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.keyvault.secrets import SecretClient

from tasks import catalogue, key_vault
from tasks.catalogue import Facts, jwt_set, keys
from tasks.errors import ConfigError, NotReadyError, RefusedError
from tasks.key_vault import Kept, Wishes
from tasks.secrets_file import Brought
from tests.contract.conftest import Cloud, Vault

READERS = {"azure-storage-account-key": lambda _present: "a-key"}
BUILT = Facts("account", "supabase", "postgres", "server.postgres.database.azure.com")
FEW = ("jwt-set", "jwt-secret", "anon-key", "pg-rest", "pg-rest-accepted", "smtp-password")
CATALOGUE = tuple(s for s in catalogue.of([], ["smtp-password"]) if s.name in FEW)
MINE = "m" * 40


@pytest.fixture
def vault(cloud: Cloud) -> Vault:
    """One of its own, which lets us in."""
    made = cloud.make_vault()
    cloud.grant("Key Vault Secrets Officer", made.id)
    cloud.eventually(lambda: key_vault.reach.fn(made.uri), NotReadyError)
    return made


@pytest.fixture
def client(cloud: Cloud, vault: Vault) -> SecretClient:
    return SecretClient(vault.uri, cloud.credential)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.env"
    path.write_text("SMTP_PASSWORD=from-a-person")
    path.chmod(0o600)
    return path


def seed(vault: Vault, file: Path | None = None, **wishes: Any) -> dict[str, Kept]:
    chosen = Wishes(Brought(str(file or "")), **wishes)
    kept = key_vault.keep.fn(vault.uri, CATALOGUE, BUILT, READERS, chosen)
    return {one.name: one for one in kept}


def actions(kept: Mapping[str, Kept]) -> dict[str, str]:
    return {name: one.action for name, one in kept.items() if one.action != "unchanged"}


def names(client: SecretClient) -> set[str]:
    return {str(entry.name) for entry in client.list_properties_of_secrets()}


# --- What is written ----------------------------------------------------------------------------


def test_a_second_seeding_writes_nothing(vault: Vault, file: Path) -> None:
    first, second = seed(vault, file), seed(vault)

    assert set(actions(first).values()) == {"created"}
    assert actions(second) == {}
    assert {n: k.version for n, k in second.items()} == {n: k.version for n, k in first.items()}


def test_a_version_says_who_made_it_and_when_it_ends(
    vault: Vault, client: SecretClient, file: Path
) -> None:
    seed(vault, file)

    known = key_vault.described(vault.uri)
    stored = key_vault.read(vault.uri, [*FEW, "no-such-name"])
    assert set(known) == set(stored) == set(FEW)
    assert known["jwt-set"].tags == {"generation": "1", "made-by": "supabase-on-azure"}
    assert {name: one.version for name, one in known.items()} == {
        name: one.version for name, one in stored.items()
    }
    ends = stored["jwt-set"].expires
    assert ends is not None
    assert timedelta(days=119) < ends - datetime.now(UTC) < timedelta(days=121)
    assert stored["anon-key"].expires is None
    assert client.get_secret("jwt-set").value == stored["jwt-set"].value


def test_another_version_and_other_tags_are_seen(vault: Vault) -> None:
    first = key_vault.write(vault.uri, "one", "1", {"generation": "1"})
    second = key_vault.write(vault.uri, "one", "2", {"generation": "2"})
    key_vault.tag(vault.uri, "one", second, {"generation": "2", "in-use-since": "now"})

    (stored,) = key_vault.read(vault.uri, ["one"]).values()

    assert first != second
    assert (stored.value, stored.version) == ("2", second)
    assert stored.tags == {"generation": "2", "in-use-since": "now"}
    assert key_vault.described(vault.uri)["one"].version == second


def test_a_dry_run_writes_nothing(vault: Vault, client: SecretClient, file: Path) -> None:
    kept = seed(vault, file, dry_run=True)

    assert set(actions(kept)) == set(FEW)
    assert names(client) == set()


def test_keys_of_a_person_are_adopted_and_replaced_only_on_request(
    vault: Vault, client: SecretClient, file: Path
) -> None:
    key = keys.sign("anon", MINE)
    seed(vault, file)
    file.write_text(f"JWT_SECRET={MINE}\nANON_KEY={key}\nSMTP_PASSWORD=new")

    kept = seed(vault, file)
    replaced = seed(vault, file, overwrite=True)

    assert actions(kept) == dict.fromkeys(
        ["jwt-set", "jwt-secret", "anon-key", "smtp-password"], "kept"
    )
    assert actions(replaced) == {
        **dict.fromkeys(["jwt-set", "smtp-password"], "replaced"),
        **dict.fromkeys(["jwt-secret", "anon-key"], "renewed"),
    }
    members = jwt_set.parse(str(client.get_secret("jwt-set").value))
    assert (members["jwt-secret"], members["anon-key"]) == (MINE, key)
    assert client.get_secret("anon-key").value == key


# --- What is refused, with nothing written ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("JWT_SECRET=short", "jwt-secret: it is shorter than 32 signs."),
        (f"ANON_KEY={keys.sign('anon', 'o' * 40)}", "anon-key: it needs the jwt-secret"),
        (
            f"JWT_SECRET={MINE}\nANON_KEY={keys.sign('anon', 'o' * 40)}",
            "anon-key: it was not signed by jwt-secret.",
        ),
        (f"SMTP_PASSWORD={'x' * 25_601}", "smtp-password: it has 25601 bytes"),
        ("SMTP_PASWORD=x", "Did you mean 'smtp-password'?"),
        ("smtp_password=x", "smtp_password: Key Vault takes letters, digits and dashes"),
        ("PG_REST_ACCEPTED=me:mine", "pg-rest-accepted: it follows from pg-rest"),
        ('PG_REST=\'{"username":"authenticator_1","password":"a@b"}\'', "break database URLs"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    vault: Vault, client: SecretClient, file: Path, text: str, complaint: str
) -> None:
    own = "" if "SMTP" in text.upper() else "\nSMTP_PASSWORD=x"
    file.write_text(text + own)

    with pytest.raises(ConfigError) as refusal:
        seed(vault, file)

    assert complaint in refusal.value.message
    assert names(client) == set()


def test_what_is_missing_is_listed_and_nothing_is_written(
    vault: Vault, client: SecretClient
) -> None:
    with pytest.raises(RefusedError, match="missing: smtp-password") as one:
        seed(vault)
    with pytest.raises(RefusedError, match="jwt-set or jwt-secret, pg-rest, smtp-password"):
        seed(vault, generate=False)

    assert "SECRET_SMTP_PASSWORD" in one.value.hint
    assert names(client) == set()


def test_a_disabled_secret_is_told_with_the_command_that_enables_it(
    vault: Vault, client: SecretClient, file: Path
) -> None:
    client.set_secret("pg-rest", "{}", enabled=False)

    with pytest.raises(RefusedError, match="disabled pg-rest in the vault") as refusal:
        seed(vault, file)

    name = vault.uri.removeprefix("https://").partition(".")[0]
    assert f"set-attributes --vault-name {name} --enabled true --name pg-rest" in refusal.value.hint
    assert "`--deleted purge`" in refusal.value.hint
    assert names(client) == {"pg-rest"}


def test_an_expired_secret_of_somebody_else_is_told(vault: Vault, client: SecretClient) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    client.set_secret("smtp-password", "old", expires_on=yesterday)

    with pytest.raises(ConfigError, match=r"smtp-password: it expired on .*; bring a new one"):
        seed(vault)

    assert names(client) == {"smtp-password"}


def test_a_closed_vault_is_told_from_one_without_public_access(cloud: Cloud) -> None:
    closed = cloud.make_vault(default_action="Deny")
    cloud.grant("Key Vault Secrets Officer", closed.id)

    with pytest.raises(RefusedError) as refusal:
        cloud.eventually(lambda: key_vault.reach.fn(closed.uri), NotReadyError)

    assert "its firewall keeps this address out" in refusal.value.message
    assert "`allowed`" in refusal.value.hint


def test_a_missing_role_is_told_with_the_right_that_it_would_give(cloud: Cloud) -> None:
    made = cloud.make_vault()

    with pytest.raises(NotReadyError, match="role assignment yet for secrets/getSecret"):
        key_vault.reach.fn(made.uri)


def test_who_may_only_read_is_told_before_the_first_write(cloud: Cloud) -> None:
    made = cloud.make_vault()
    cloud.grant("Key Vault Secrets User", made.id)
    cloud.eventually(lambda: key_vault.reach.fn(made.uri), NotReadyError)

    with pytest.raises(NotReadyError, match="role assignment yet for secrets/update"):
        key_vault.keep.fn(made.uri, CATALOGUE[:1], BUILT, {})


# --- Deleted names ------------------------------------------------------------------------------


def test_a_deleted_secret_comes_back_with_its_value(
    vault: Vault, client: SecretClient, file: Path
) -> None:
    seed(vault, file)
    before = client.get_secret("pg-rest").value
    for name in ("pg-rest", "jwt-secret"):
        client.begin_delete_secret(name).wait()

    kept = seed(vault)

    assert actions(kept) == {"jwt-secret": "recovered", "pg-rest": "recovered"}
    assert client.get_secret("pg-rest").value == before


def test_a_name_in_recovery_is_waited_for(slow_cloud: Cloud) -> None:
    made, few = slow_cloud.make_vault(), tuple(s for s in CATALOGUE if s.name == "pg-rest")
    slow_cloud.grant("Key Vault Secrets Officer", made.id)
    uri = made.uri
    slow_cloud.eventually(lambda: key_vault.reach.fn(uri), NotReadyError)
    key_vault.keep.fn(uri, few, BUILT, {})
    with SecretClient(uri, slow_cloud.credential) as client:
        before = client.get_secret("pg-rest").value
        client.begin_delete_secret("pg-rest").wait()
        client.begin_recover_deleted_secret("pg-rest")

        kept = slow_cloud.eventually(lambda: key_vault.keep.fn(uri, few, BUILT, {}), NotReadyError)

        assert [one.action for one in kept] == ["unchanged"]
        assert client.get_secret("pg-rest").value == before


def test_a_purged_secret_gets_a_new_value(
    cloud: Cloud, vault: Vault, client: SecretClient, file: Path
) -> None:
    seed(vault, file)
    before = client.get_secret("pg-rest").value
    client.begin_delete_secret("pg-rest").wait()

    doomed = key_vault.find.fn(vault.uri, FEW)
    key_vault.purge.fn(vault.uri, doomed)
    kept = cloud.eventually(lambda: seed(vault), NotReadyError)

    assert [one.name for one in doomed] == ["pg-rest"]
    assert actions(kept) == {"pg-rest": "created", "pg-rest-accepted": "renewed"}
    assert client.get_secret("pg-rest").value != before


def test_what_the_vault_protects_is_not_purged() -> None:
    kept = key_vault.Deleted("pg-rest", "2027-01-01", purgeable=False)

    with pytest.raises(RefusedError, match=r"pg-rest \(kept until 2027-01-01\)") as refusal:
        key_vault.purge.fn("https://any.vault.azure.net", [kept])

    assert "--deleted recover" in refusal.value.hint
