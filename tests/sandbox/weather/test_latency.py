"""How long things take: drawn, repeated, bent, or said exactly."""

import statistics

import pytest

from sandbox.latency import Distribution, Latency, durations
from sandbox.weather import Weather, plans


@pytest.mark.parametrize("operation", sorted(durations()))
def test_an_ordinary_day_is_shorter_than_the_worst(operation: str) -> None:
    typical, worst = durations()[operation]["typical"], durations()[operation]["worst"]

    assert 0 < typical.low < typical.high <= worst.high


def test_the_same_seed_makes_the_same_day() -> None:
    first, second = Latency("typical", seed=7), Latency("typical", seed=7)

    drawn = [first.seconds("vault.create") for _ in range(5)]

    assert drawn == [second.seconds("vault.create") for _ in range(5)]
    assert len(set(drawn)) == 5
    assert drawn != [Latency("typical", seed=8).seconds("vault.create") for _ in range(5)]


def test_what_others_do_meanwhile_changes_no_draw() -> None:
    alone, among = Latency("typical", seed=7), Latency("typical", seed=7)

    drawn = [alone.seconds("pod.start") for _ in range(3)]
    mixed = []
    for _ in range(3):
        among.seconds("network.create")
        mixed.append(among.seconds("pod.start"))

    assert mixed == drawn


def test_draws_stay_inside_and_around_the_mean() -> None:
    latency, wanted = Latency("typical", 0.5, seed=3), durations()["role.propagation"]["typical"]

    drawn = [latency.seconds("role.propagation") * 2 for _ in range(2000)]

    assert wanted.low <= min(drawn)
    assert max(drawn) <= wanted.high
    assert statistics.mean(drawn) == pytest.approx(wanted.mean, rel=0.05)


def test_without_a_seed_everything_takes_its_mean() -> None:
    assert Latency("typical").seconds("role.propagation") == 180
    assert Latency("worst").seconds("role.propagation") == 600


def test_a_duration_of_ones_own_is_exact() -> None:
    latency = Latency("typical", 0.1, (("role.propagation", 600.0),), seed=5)

    assert [latency.seconds("role.propagation") for _ in range(3)] == [60.0] * 3


def test_nothing_takes_time_at_once() -> None:
    latency = Latency("instant", seed=5)
    Weather(latency).add(plans.parse("then: {slow: {seconds: 60}}", "").faults)

    assert latency.seconds("managed_cluster.create") == 0


def test_bad_weather_makes_some_things_take_longer() -> None:
    latency = Latency("typical", 0.5)
    weather = Weather(latency)
    weather.add(plans.parse('{when: {operation: "vault.*"}, then: {slow: {factor: 3}}}', "").faults)

    assert latency.seconds("vault.create") == 180
    assert latency.seconds("network.create") == 2
    assert latency.usual("vault.create") == 60  # What clients are told to wait between polls.
    assert weather.active()[0]["hits"] == 1


def test_a_triangle_has_its_corners_in_order() -> None:
    with pytest.raises(ValueError, match="low, mode, high"):
        Distribution.read({"low": 3, "mode": 2, "high": 5})
