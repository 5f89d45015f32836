# Key Vault has no metric for secrets that expire soon, and tells its events to subscribers only. Azure
# Policy looks into vaults by itself; the alert SecretExpiring asks what it found.

locals {
  policy = "${var.name}-secret-expiry"
}

resource "azurerm_resource_policy_assignment" "expiry" {
  count = var.assign_roles ? 1 : 0

  name        = local.policy
  resource_id = var.vault_id
  # "Secrets should have more than the specified number of days before expiration", built in.
  policy_definition_id = "/providers/Microsoft.Authorization/policyDefinitions/b0eb591a-5e70-4534-a8bf-04b9c489584a"
  display_name         = "Secrets of ${var.name} that expire soon"
  description          = "Feeds the alert SecretExpiring. Refuses nothing."
  parameters = jsonencode({
    effect                      = { value = "Audit" }
    minimumDaysBeforeExpiration = { value = local.wanted.thresholds.secret_days }
  })
}
