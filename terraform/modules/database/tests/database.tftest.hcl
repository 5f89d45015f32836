mock_provider "azurerm" {}

variables {
  name                   = "supabase-test"
  suffix                 = ""
  location               = "centralus"
  resource_group_name    = "supabase-test-rg"
  tags                   = { environment = "supabase-test" }
  virtual_network_id     = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet"
  subnet_id              = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/database"
  administrator_password = "Thrown-away-1"
  database = {
    version              = "16"
    sku                  = "GP_Standard_D2ds_v5"
    storage_gb           = 128
    backup_days          = 14
    geo_redundant_backup = false
    zone_redundant       = true
    login                = "pgadmin"
    name                 = "supabase"
    extensions           = ["uuid-ossp", "pgcrypto", "vector"]
  }
}

run "the_server_is_private" {
  command = plan

  assert {
    condition     = !azurerm_postgresql_flexible_server.this.public_network_access_enabled
    error_message = "The server must not have a public address."
  }

  assert {
    condition     = azurerm_private_dns_zone.this.name == "supabase-test.private.postgres.database.azure.com"
    error_message = "Azure asks for a zone that ends in .postgres.database.azure.com and is not named after the server."
  }
}

run "the_password_is_sent_once_and_kept_nowhere" {
  command = apply

  assert {
    condition     = azurerm_postgresql_flexible_server.this.administrator_password == null
    error_message = "The password must not be in the state."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.administrator_password_wo_version == 1
    error_message = "Another version would overwrite the password that the deployer has set."
  }
}

run "connections_must_be_encrypted" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["require_secure_transport"].value == "on"
    error_message = "The server must refuse connections without TLS."
  }
}

run "extensions_are_allowed_in_azures_spelling" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["azure.extensions"].value == "PGCRYPTO,UUID-OSSP,VECTOR"
    error_message = "Azure lists extensions in capitals, separated by commas; the order must not wander."
  }
}

run "a_standby_waits_in_another_zone_when_asked" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant"
    error_message = "zone_redundant means a standby in another zone."
  }
}

run "a_single_server_has_no_standby" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  assert {
    condition     = length(azurerm_postgresql_flexible_server.this.high_availability) == 0
    error_message = "Without zone_redundant there must be one server."
  }
}

run "a_standby_of_a_burstable_server_is_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = true,
      login   = "pgadmin", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "a_version_that_cannot_carry_supabase_is_refused" {
  command = plan

  variables {
    database = {
      version = "15", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "a_disk_between_two_steps_is_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 100, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "a_size_without_its_family_is_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "Standard_D2ds_v5", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "three_days_of_backups_are_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 3, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "an_administrator_that_azure_keeps_for_itself_is_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "azure_superuser", name = "supabase", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "a_database_that_exists_already_is_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "postgres", extensions = ["pgcrypto", "uuid-ossp"]
    }
  }

  expect_failures = [var.database]
}

run "leaving_out_an_extension_that_supabase_creates_is_refused" {
  command = plan

  variables {
    database = {
      version = "16", sku = "B_Standard_B2s", storage_gb = 32, backup_days = 7, geo_redundant_backup = false, zone_redundant = false,
      login   = "pgadmin", name = "supabase", extensions = ["vector"]
    }
  }

  expect_failures = [var.database]
}

run "a_password_that_azure_would_refuse_is_refused" {
  command = plan

  variables {
    administrator_password = "short"
  }

  expect_failures = [var.administrator_password]
}
