import importlib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
ENTRIES = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
DEPLOYMENTS = [entry for entry in ENTRIES if entry["parameters"]]
BESIDE = {"fleet", "overview", "register"}  # They concern every environment.
FLOWS = {path.stem for path in (PROJECT / "flows").glob("[a-z]*.py")} - BESIDE


@pytest.mark.parametrize("name", sorted({deployment["name"] for deployment in DEPLOYMENTS}))
def test_every_flow_is_deployed_for_every_environment(name: str) -> None:
    deployed = {d["entrypoint"].split(".")[1] for d in DEPLOYMENTS if d["name"] == name}

    assert deployed == FLOWS


@pytest.mark.parametrize("entrypoint", sorted({d["entrypoint"] for d in DEPLOYMENTS}))
def test_each_entrypoint_is_a_flow_that_asks_for_an_environment(entrypoint: str) -> None:
    module, name = entrypoint.rsplit(".", 1)

    found = getattr(importlib.import_module(module), name)

    assert found.name == name.replace("_", "-")
    assert "environment" in found.parameters.properties


def test_an_environments_runs_stay_in_the_pool_that_holds_its_credentials() -> None:
    for deployment in DEPLOYMENTS:
        assert deployment["parameters"] == {"environment": deployment["name"]}
        assert deployment["work_pool"]["name"] == f"supabase-{deployment['name']}"
