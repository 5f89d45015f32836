"""ExternalSecrets: what the operator reads, and how patient it is."""

import itertools
from typing import Any

import pytest

from tests.sandbox.cluster.controllers.external_secrets.conftest import (
    ROOT,
    Build,
    account,
    data_of,
    install,
    store,
    synced,
    told,
    wanted,
    warnings,
)


def test_a_secret_is_made_from_the_vault(operator: Any, demo: Build) -> None:
    operator.world.secrets |= {"one": "1", "two": "2"}

    operator.create(wanted(demo, keys=("one", "two")))

    assert told(operator, "externalsecrets/app") == ("True", "SecretSynced", "secret synced")
    found = operator.get(f"{ROOT}/externalsecrets/app")
    secret = operator.get("/api/v1/namespaces/demo/secrets/app")
    assert data_of(operator) == {"one": "1", "two": "2"}
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "ExternalSecret"
    assert found["status"]["binding"] == {"name": "app"}
    assert found["status"]["refreshTime"]
    assert found["status"]["syncedResourceVersion"].startswith("1-")


def test_the_operator_signs_in_as_the_service_account(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"

    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    claims = operator.world.assertions[-1]
    assert claims["iss"] == operator.settings.issuer
    assert claims["sub"] == "system:serviceaccount:demo:vault-reader"
    assert claims["aud"] == ["api://AzureADTokenExchange"]


def test_a_refusal_of_the_vault_is_generic_in_the_condition_and_exact_in_the_event(
    operator: Any, demo: Build
) -> None:
    operator.world.forbidden = True

    operator.create(wanted(demo))

    assert told(operator, "externalsecrets/app") == (
        "False",
        "SecretSyncedError",
        "could not get secret data from provider",
    )
    text = operator.until(lambda: warnings(operator, "UpdateFailed"))[0]
    assert text.startswith(
        "error processing spec.data[0] (key: one), err: keyvault.BaseClient#GetSecret: Failure"
        " responding to request: StatusCode=403 -- Original Error: autorest/azure: Service"
        ' returned an error. Status=403 Code="Forbidden" Message="Caller is not authorized'
    )
    assert text.endswith('InnerError={"code":"ForbiddenByRbac"}')


def test_one_missing_secret_fails_all(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"

    operator.create(wanted(demo, keys=("one", "two")))

    assert told(operator, "externalsecrets/app")[1] == "SecretSyncedError"
    assert data_of(operator) == {}
    message = "error processing spec.data[1] (key: two), err: Secret does not exist"
    operator.until(lambda: message in warnings(operator, "UpdateFailed"))


def test_each_failure_doubles_the_wait(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.until(lambda: told(slow, "secretstores/vault")[1] == "Valid")
    slow.world.forbidden = True

    slow.create(wanted(demo))
    slow.until(lambda: len(slow.world.asked) >= 7)

    times = [when for when, _ in slow.world.asked]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[-1] == pytest.approx(0.32, rel=0.5)  # 32 seconds, a hundred times faster.
    assert gaps[-1] > 1.5 * gaps[-2]


def test_a_new_annotation_asks_at_once_however_long_the_wait(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.until(lambda: told(slow, "secretstores/vault")[1] == "Valid")
    slow.world.forbidden = True
    slow.create(wanted(demo))
    slow.until(lambda: len(slow.world.asked) >= 10)
    slow.world.forbidden = False
    slow.world.secrets["one"] = "1"

    mark = {"metadata": {"annotations": {"force-sync": "now"}}}
    slow.patch(f"{ROOT}/externalsecrets/app", mark)

    slow.until(lambda: synced(slow), seconds=3.5)  # The next regular try is 4.2 seconds away.


def test_a_restarted_operator_has_forgotten_its_failures(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.until(lambda: told(slow, "secretstores/vault")[1] == "Valid")
    slow.world.forbidden = True
    slow.create(wanted(demo))
    slow.until(lambda: len(slow.world.asked) >= 10)
    slow.world.forbidden = False
    slow.world.secrets["one"] = "1"

    restart = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    slow.patch("/apis/apps/v1/namespaces/external-secrets/deployments/eso-controller", restart)

    slow.until(lambda: synced(slow), seconds=3.5)  # The next regular try is 4.2 seconds away.


def test_force_sync_reads_a_changed_value(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "old"
    operator.create(wanted(demo))
    operator.until(lambda: data_of(operator) == {"one": "old"})

    operator.world.secrets["one"] = "new"
    mark = {"metadata": {"annotations": {"force-sync": "1"}}}
    operator.patch(f"{ROOT}/externalsecrets/app", mark)

    operator.until(lambda: data_of(operator) == {"one": "new"})


def test_a_secret_is_read_again_after_its_interval(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.world.secrets["one"] = "old"
    slow.create(wanted(demo, refreshInterval="1m40s"))
    slow.until(lambda: data_of(slow) == {"one": "old"})

    slow.world.secrets["one"] = "new"

    slow.until(lambda: data_of(slow) == {"one": "new"})


def test_a_secret_is_read_again_also_where_nothing_takes_time(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "old"
    operator.create(wanted(demo, refreshInterval="1h"))
    operator.until(lambda: data_of(operator) == {"one": "old"})

    operator.world.secrets["one"] = "new"

    operator.until(lambda: data_of(operator) == {"one": "new"})


def test_a_later_failure_keeps_the_old_secret(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    operator.world.forbidden = True
    mark = {"metadata": {"annotations": {"force-sync": "1"}}}
    operator.patch(f"{ROOT}/externalsecrets/app", mark)

    operator.until(lambda: not synced(operator))
    assert data_of(operator) == {"one": "1"}


def test_a_lost_secret_is_made_again(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    operator.delete("/api/v1/namespaces/demo/secrets/app")

    operator.until(lambda: data_of(operator) == {"one": "1"})


def test_a_secret_goes_with_its_external_secret(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    operator.delete(f"{ROOT}/externalsecrets/app")

    operator.until(lambda: data_of(operator) == {})
