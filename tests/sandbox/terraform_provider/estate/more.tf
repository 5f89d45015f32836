resource "azurerm_subnet" "bastion" {
  name                 = "AzureBastionSubnet"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = ["10.1.0.0/26"]
}

resource "azurerm_public_ip" "bastion" {
  name                = "estate-bastion"
  location            = local.place
  resource_group_name = local.group
  allocation_method   = "Static"
}

resource "azurerm_bastion_host" "this" {
  name                = "estate-bastion"
  location            = local.place
  resource_group_name = local.group
  sku                 = "Standard"
  tunneling_enabled   = local.later

  ip_configuration {
    name                 = "ip"
    subnet_id            = azurerm_subnet.bastion.id
    public_ip_address_id = azurerm_public_ip.bastion.id
  }
}

resource "azurerm_network_interface" "this" {
  name                  = "estate-nic"
  location              = local.place
  resource_group_name   = local.group
  ip_forwarding_enabled = local.later

  ip_configuration {
    name                          = "ip"
    subnet_id                     = azurerm_subnet.endpoints.id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_communication_service" "this" {
  name                = "estate-mail"
  resource_group_name = local.group
  data_location       = "Europe"
  tags                = local.tags
}

resource "azurerm_email_communication_service" "this" {
  name                = "estate-email"
  resource_group_name = local.group
  data_location       = "Europe"
  tags                = local.tags
}

resource "azurerm_email_communication_service_domain" "this" {
  name                             = "AzureManagedDomain"
  email_service_id                 = azurerm_email_communication_service.this.id
  domain_management                = "AzureManaged"
  user_engagement_tracking_enabled = local.later
}

resource "azurerm_data_protection_backup_vault" "this" {
  name                = "estate-backup"
  location            = local.place
  resource_group_name = local.group
  datastore_type      = "VaultStore"
  redundancy          = "LocallyRedundant"
  tags                = local.tags

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_data_protection_backup_policy_blob_storage" "this" {
  name                                   = "month"
  vault_id                               = azurerm_data_protection_backup_vault.this.id
  operational_default_retention_duration = "P30D"
}

resource "azurerm_data_protection_backup_instance_blob_storage" "this" {
  name               = "store"
  vault_id           = azurerm_data_protection_backup_vault.this.id
  location           = local.place
  storage_account_id = azurerm_storage_account.this.id
  backup_policy_id   = azurerm_data_protection_backup_policy_blob_storage.this.id
}

resource "azurerm_container_registry_cache_rule" "this" {
  name                  = "docker"
  container_registry_id = azurerm_container_registry.this.id
  source_repo           = "docker.io/library/nginx"
  target_repo           = "nginx"
}

resource "azurerm_kubernetes_cluster_trusted_access_role_binding" "this" {
  name                  = "backup"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.this.id
  roles                 = ["Microsoft.DataProtection/backupVaults/backup-operator"]
  source_resource_id    = azurerm_data_protection_backup_vault.this.id
}
