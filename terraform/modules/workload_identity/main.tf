# Lets one service account of one cluster sign in to Azure as an identity, without any secret.

resource "azurerm_federated_identity_credential" "this" {
  name                      = "${var.name}-${var.service_account}"
  user_assigned_identity_id = var.identity_id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = var.issuer
  subject                   = "system:serviceaccount:${var.namespace}:${var.service_account}"
}
