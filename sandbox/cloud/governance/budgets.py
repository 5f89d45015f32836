"""Microsoft.Consumption: budgets, of which nothing is ever spent here."""

import uuid
from datetime import datetime

from sandbox.arm import ArmError
from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.rules import defaults, one_of, required, together

BUDGETS = "Microsoft.Consumption/budgets"
GRAINS = ("Annually", "BillingAnnual", "BillingMonth", "BillingQuarter", "Monthly", "Quarterly")


def check_period(change: Change) -> None:
    """A budget counts from the first day of a month."""
    start = str(change.properties["timePeriod"]["startDate"])
    if datetime.fromisoformat(start).day != 1:
        raise ArmError(
            400,
            "400",
            f"Invalid budget time period: the start date '{start}' is not the first day of a "
            "month.",
        )


def check_amount(change: Change) -> None:
    if float(change.properties["amount"]) <= 0:
        raise ArmError(400, "400", "The amount of a budget must be greater than 0.")


def fill(change: Change) -> None:
    change.body["eTag"] = f'"{uuid.uuid4().hex[:15]}"'
    change.properties["currentSpend"] = {"amount": 0.0, "unit": "USD"}
    start = datetime.fromisoformat(str(change.properties["timePeriod"]["startDate"]))
    end = start.replace(year=start.year + 10)
    change.properties["timePeriod"].setdefault("endDate", end.isoformat().replace("+00:00", "Z"))


TYPE = ResourceType(
    BUDGETS,
    extends=True,
    check=together(
        required("properties.amount", "properties.timeGrain", "properties.timePeriod.startDate"),
        one_of("properties.timeGrain", *GRAINS),
        check_period,
        check_amount,
    ),
    fill=together(defaults(category="Cost", notifications={}), fill),
    render=stateless,
)
