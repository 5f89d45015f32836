"""The arrows of the architecture: one table; picture and policies follow from it."""

from scripts import arrows
from tests.chart.conftest import Charts
from tests.chart.test_supabase import component

TABLE = arrows.table(arrows.TABLE.read_text())
ALL = {
    "components": {
        name: {"enabled": True} for name in ("realtime", "functions", "imgproxy", "supavisor")
    },
    "supavisor": {"namespaces": ["tools"]},
}


def test_the_picture_is_what_the_table_says() -> None:
    drawn = arrows.PICTURE.read_text()

    assert drawn == arrows.svg(TABLE), "python scripts/arrows.py --write draws it anew"


def test_policies_allow_the_arrows_of_the_table_and_no_other(charts: Charts) -> None:
    rendering = charts.render("supabase", ALL)
    policies = rendering.kind("NetworkPolicy")
    there = {component(policy["spec"]) for policy in policies.values()} - {"database"}
    wanted = {
        (caller, called)
        for caller, calls in TABLE.items()
        for called in calls
        if {caller, called} <= there
    }

    for direction, side in (("egress", "to"), ("ingress", "from")):
        found = set()
        for policy in policies.values():
            own = component(policy["spec"])
            for rule in policy["spec"].get(direction) or []:
                for peer in rule[side]:
                    if "podSelector" in peer:
                        other = component(peer)
                        found.add((own, other) if side == "to" else (other, own))
        inside = {(caller, called) for caller, called in found if {caller, called} <= there}
        assert inside == wanted, direction


def test_every_policy_closes_both_directions(charts: Charts) -> None:
    policies = charts.render("supabase", ALL).kind("NetworkPolicy").values()

    assert {tuple(policy["spec"]["policyTypes"]) for policy in policies} == {("Ingress", "Egress")}


def test_pods_of_realtime_reach_each_other_on_any_port(charts: Charts) -> None:
    policy = charts.render("supabase").kind("NetworkPolicy")["supabase-realtime"]["spec"]

    for direction, side in (("egress", "to"), ("ingress", "from")):
        own = [
            rule
            for rule in policy[direction]
            if any("podSelector" in peer and component(peer) == "realtime" for peer in rule[side])
        ]
        assert [rule.get("ports") for rule in own] == [None]


def test_ports_on_the_way_out_are_numbers(charts: Charts) -> None:
    create = {"className": "approuting-istio", "controlPlane": "aks-istio-system", "tlsSecret": "a"}
    edge = {"kind": "httpRoute", "httpRoute": {"create": create}}

    policies = charts.render("supabase", {**ALL, "edge": edge}).kind("NetworkPolicy")

    ports = {
        port["port"]
        for policy in policies.values()
        for rule in policy["spec"].get("egress") or []
        for port in rule.get("ports") or []
    }
    assert {type(port) for port in ports} == {int}  # Cilium finds no single number for "http".
    assert {3000, 4000, 8000} <= ports
