"""Microsoft.Communication: services that send mail."""

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import ENABLED
from sandbox.terraform_provider.lifecycle import Lifecycle
from sandbox.terraform_provider.mapping import GROUP, Block, Entry, Part, Resource, at, reads
from sandbox.terraform_provider.values import Object

API = "2023-03-31"
SPACE = f"{GROUP}/providers/Microsoft.Communication"
EVERYWHERE = {"location": "global"}
PARTS = {"dkim": "DKIM", "dkim2": "DKIM2", "dmarc": "DMARC", "domain": "Domain", "spf": "SPF"}


class Domain(Lifecycle):
    def arrange(self, body: Object, _prior: Object | None) -> None:
        found = bodies.get(body, "properties.verificationRecords") or {}
        shown = {name: [found[word]] for name, word in PARTS.items() if found.get(word)}
        body["properties"]["$records"] = [shown] if shown else []


def keys(name: str) -> dict[str, Entry]:
    return {
        f"{name}_key": reads(f"$keys.{name}Key"),
        f"{name}_connection_string": reads(f"$keys.{name}ConnectionString"),
    }


RESOURCES = {
    "azurerm_communication_service": Resource(
        id=f"{SPACE}/communicationServices/{{name}}",
        api=API,
        always=EVERYWHERE,
        parts={"$keys": Part("/listKeys", "POST")},
        fields={
            **keys("primary"),
            **keys("secondary"),
            "hostname": reads("properties.hostName"),
        },
    ),
    "azurerm_email_communication_service": Resource(
        id=f"{SPACE}/emailServices/{{name}}", api=API, always=EVERYWHERE
    ),
    "azurerm_email_communication_service_domain": Resource(
        id="{email_service_id}/domains/{name}",
        api=API,
        always=EVERYWHERE,
        fields={
            "user_engagement_tracking_enabled": at("properties.userEngagementTracking", ENABLED),
            "verification_records": Block("properties.$records", writable=False),
        },
    ),
}
LIFECYCLES = {"azurerm_email_communication_service_domain": Domain}
