from pathlib import Path

import pytest

from tasks import environment
from tasks.environment import Environment, Wait
from tasks.errors import ConfigError

SANDBOX = (environment.ENVIRONMENTS / "sandbox.yaml").read_text()


def parse(text: str) -> Environment:
    return environment.parse("sandbox", text, Path("deployments/sandbox.yaml"))


@pytest.mark.parametrize("name", environment.known())
def test_every_environment_in_the_repository_is_valid(name: str) -> None:
    assert environment.load(name).name == name


def test_an_unknown_environment_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no environment 'sandbx'") as caught:
        environment.load("sandbx")

    assert caught.value.hint.startswith("Did you mean 'sandbox'? Known: ")


@pytest.mark.parametrize("name", ["../dev", "", "dev.yaml", "DEV", "a/b"])
def test_a_name_cannot_lead_out_of_the_folder(name: str) -> None:
    with pytest.raises(ConfigError):
        environment.load(name)


def test_a_misspelled_key_is_named_with_its_correction() -> None:
    with pytest.raises(ConfigError, match="hostnam: unknown key, did you mean 'hostname'"):
        parse(SANDBOX.replace("hostname:", "hostnam:"))


def test_a_misspelled_key_inside_the_waits_is_named_with_its_correction() -> None:
    with pytest.raises(ConfigError, match=r"waits\.vault_acces: unknown key, did you mean 'vault_"):
        parse(SANDBOX.replace("vault_access:", "vault_acces:"))


def test_a_misspelled_key_inside_a_list_is_named_with_its_correction() -> None:
    with pytest.raises(ConfigError, match=r"notify.0.abuot: unknown key, did you mean 'about'"):
        parse("notify: [{ to: ops, by: slack, abuot: [deploy-failed] }]")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("just words", "holds no keys"),
        ("a: [", "is not YAML"),
        (SANDBOX.replace("00000000babe", "nope"), "subscription: Input should be a valid UUID"),
        (SANDBOX.replace("first: 0.5, every: 2", "first: 5, every: 2"), "every is shorter"),
        (SANDBOX + "name: prod\n", "an environment is named by its file"),
        (SANDBOX + "state: { kind: azurerm }\n", "azurerm needs resource_group"),
        (SANDBOX + "worker: { kind: kubernetes }\n", "write state: { kind: azurerm, resource_g"),
        (SANDBOX + "provided_secrets: [smtp_user]\n", "provided_secrets.0: String should match"),
    ],
)
def test_bad_content_is_refused_with_a_reason(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse(text)


def test_a_tfvars_file_that_is_not_there_is_found_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TFVARS_FILE", "vars/nowhere.tfvars")

    with pytest.raises(ConfigError, match=r"names .*nowhere\.tfvars, which is not there"):
        environment.load("sandbox")


def test_pauses_grow_to_the_longest_and_end_at_the_deadline() -> None:
    wait = Wait(first=1, factor=2, every=5, at_most=20)

    assert wait.pauses == [1, 2, 4, 5]
    assert wait.tries == 6  # 1 + 2 + 4 + 5 + 5 + 5 covers the 20 seconds.


def test_prefect_never_gets_more_pauses_than_it_takes() -> None:
    wait = Wait(first=0.01, factor=1.01, every=100, at_most=10_000)

    assert len(wait.pauses) == 50
