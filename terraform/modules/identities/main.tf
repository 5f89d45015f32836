# Who acts in this environment. An identity of its own for each purpose keeps every role narrow.

resource "azurerm_user_assigned_identity" "this" {
  for_each = toset(["cluster", "kubelet", "external-secrets", "s3proxy"])

  name                = "${var.name}-id-${each.key}"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}
