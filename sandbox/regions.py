"""Azure's regions, as far as the sandbox has them: their names, and which have zones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A place for resources; zones are its independent buildings."""

    display: str
    zones: tuple[str, ...] = ("1", "2", "3")


REGIONS = {
    "centralus": Region("Central US"),
    "eastus": Region("East US"),
    "eastus2": Region("East US 2"),
    "northcentralus": Region("North Central US", zones=()),
    "northeurope": Region("North Europe"),
    "swedencentral": Region("Sweden Central"),
    "westeurope": Region("West Europe"),
    "westus": Region("West US", zones=()),
    "westus2": Region("West US 2"),
    "westus3": Region("West US 3"),
}
