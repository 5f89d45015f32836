"""What the values of an environment and its Terraform files have to agree on."""

import re

import pytest
import yaml

from tests.chart.conftest import ENVIRONMENTS, PROJECT, Charts

TERRAFORM = PROJECT / "terraform"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_way_to_the_database_leads_to_its_subnet(charts: Charts, environment: str) -> None:
    text = (TERRAFORM / "vars" / f"{environment}.tfvars").read_text()
    (subnet,) = re.findall(r'^ +database +\= "([0-9./]+)"', text, re.MULTILINE)

    assert charts.values("supabase", environment)["database"]["cidrs"] == [subnet]


def test_the_bucket_is_the_container_that_terraform_makes() -> None:
    text = (TERRAFORM / "foundation" / "variables.data.tf").read_text()
    (container,) = re.findall(r'container += optional\(string, "([a-z0-9-]+)"\)', text)

    defaults = yaml.safe_load((PROJECT / "charts" / "supabase" / "values.yaml").read_text())

    assert defaults["storage"]["bucket"] == container


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_chart_has_its_own_part_and_nothing_else_is_said(environment: str) -> None:
    values = yaml.safe_load((PROJECT / "values" / f"{environment}.yaml").read_text())

    assert set(values) == {"external-secrets", "platform", "s3proxy", "supabase"}


def test_the_sandbox_runs_one_pod_of_each(charts: Charts) -> None:
    for chart in ("s3proxy", "supabase"):
        deployments = charts.render(chart, charts.values(chart, "sandbox")).kind("Deployment")
        assert {item["spec"]["replicas"] for item in deployments.values()} == {1}
