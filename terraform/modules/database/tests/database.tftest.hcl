mock_provider "azurerm" {
  source = "../../mocks"
}

variables {
  name                   = "supabase-test"
  suffix                 = ""
  location               = "centralus"
  resource_group_name    = "supabase-test-rg"
  tags                   = { environment = "supabase-test" }
  private_zone_id        = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/privateDnsZones/supabase-test.private.postgres.database.azure.com"
  subnet_id              = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/database"
  administrator_password = "Thrown-away-1"
  tenant_id              = "00000000-0000-0000-0000-00000000cafe"
  database = {
    version              = "17"
    sku                  = "GP_Standard_D2ds_v5"
    storage_gb           = 128
    backup_days          = 14
    geo_redundant_backup = false
    high_availability    = "ZoneRedundant"
    maintenance          = { day = 0, hour = 2, minute = 0 }
    login                = "pgadmin"
    name                 = "supabase"
    extensions           = ["uuid-ossp", "pgcrypto", "vector"]
    pgbouncer            = false
    parameters           = {}
  }
}

run "the_server_is_private" {
  command = plan

  assert {
    condition     = !azurerm_postgresql_flexible_server.this.public_network_access_enabled
    error_message = "The server must not have a public address."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.private_dns_zone_id == var.private_zone_id
    error_message = "The server's name must be in the zone that the network knows."
  }
}

run "nothing_is_set_that_is_azures_default" {
  command = plan

  assert {
    condition     = keys(azurerm_postgresql_flexible_server_configuration.this) == ["azure.extensions", "log_min_duration_statement", "max_worker_processes", "wal_level"]
    error_message = "Each parameter takes its time, one after the other."
  }
}

run "extensions_are_allowed_in_azures_spelling" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["azure.extensions"].value == "PGCRYPTO,UUID-OSSP,VECTOR"
    error_message = "Azure lists extensions in capitals, separated by commas; the order must not wander."
  }
}

run "realtime_can_decode_the_log" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["wal_level"].value == "logical" && azurerm_postgresql_flexible_server_configuration.this["max_worker_processes"].value == "16"
    error_message = "Logical decoding needs its level of log, and workers beside those of queries."
  }
}

run "what_is_suggested_can_be_changed_and_more_can_be_set" {
  command = plan

  variables {
    database = merge(var.database, { parameters = { "log_min_duration_statement" = "250", "log_lock_waits" = "on" } })
  }

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["log_min_duration_statement"].value == "250" && azurerm_postgresql_flexible_server_configuration.this["log_lock_waits"].value == "on"
    error_message = "Parameters that were chosen count."
  }
}

run "the_pooler_is_an_option" {
  command = plan

  variables {
    database = merge(var.database, { pgbouncer = true })
  }

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.this["pgbouncer.enabled"].value == "true"
    error_message = "The pooler runs when it was chosen."
  }
}

run "a_standby_waits_in_another_zone_when_asked" {
  command = plan

  variables {
    database = merge(var.database, { zone = "1", standby_zone = "2" })
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant" && azurerm_postgresql_flexible_server.this.high_availability[0].standby_availability_zone == "2" && azurerm_postgresql_flexible_server.this.zone == "1"
    error_message = "ZoneRedundant means a standby in another zone."
  }
}

run "a_single_server_has_no_standby" {
  command = plan

  variables {
    database = merge(var.database, { sku = "B_Standard_B2s", high_availability = "Disabled" })
  }

  assert {
    condition     = length(azurerm_postgresql_flexible_server.this.high_availability) == 0
    error_message = "Disabled means one server."
  }
}

run "people_may_administer_with_entra" {
  command = plan

  variables {
    database = merge(var.database, { entra_admin = { object_id = "55555555-5555-5555-5555-555555555555", name = "database-admins", type = "Group" } })
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.authentication[0].active_directory_auth_enabled && azurerm_postgresql_flexible_server.this.authentication[0].password_auth_enabled
    error_message = "Entra comes beside passwords, which the services of Supabase use."
  }

  assert {
    condition     = azurerm_postgresql_flexible_server_active_directory_administrator.this["this"].principal_name == "database-admins"
    error_message = "The group that was named administers the server."
  }
}

run "a_standby_of_a_burstable_server_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { sku = "B_Standard_B2s" })
  }

  expect_failures = [var.database]
}

run "an_unknown_kind_of_standby_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { high_availability = "Sometimes" })
  }

  expect_failures = [var.database]
}

run "a_zone_for_no_standby_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { high_availability = "Disabled", standby_zone = "2" })
  }

  expect_failures = [var.database]
}

run "a_redundant_standby_in_the_same_zone_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { zone = "1", standby_zone = "1" })
  }

  expect_failures = [var.database]
}

run "a_fourth_zone_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { zone = "4" })
  }

  expect_failures = [var.database]
}

run "a_version_that_cannot_carry_supabase_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { version = "15" })
  }

  expect_failures = [var.database]
}

run "a_disk_between_two_steps_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { storage_gb = 100 })
  }

  expect_failures = [var.database]
}

run "a_size_without_its_family_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { sku = "Standard_D2ds_v5" })
  }

  expect_failures = [var.database]
}

run "a_week_without_a_backup_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { backup_days = 3 })
  }

  expect_failures = [var.database]
}

run "maintenance_at_the_25th_hour_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { maintenance = { day = 0, hour = 25, minute = 0 } })
  }

  expect_failures = [var.database]
}

run "an_administrator_that_azure_keeps_for_itself_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { login = "azure_superuser" })
  }

  expect_failures = [var.database]
}

run "an_administrator_without_an_id_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { entra_admin = { object_id = "me", name = "me", type = "User" } })
  }

  expect_failures = [var.database]
}

run "an_administrator_of_an_unknown_kind_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { entra_admin = { object_id = "55555555-5555-5555-5555-555555555555", name = "me", type = "Robot" } })
  }

  expect_failures = [var.database]
}

run "a_database_that_exists_already_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { name = "postgres" })
  }

  expect_failures = [var.database]
}

run "leaving_out_an_extension_that_supabase_creates_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { extensions = ["vector"] })
  }

  expect_failures = [var.database]
}

run "a_pooler_of_a_burstable_server_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { sku = "B_Standard_B2s", high_availability = "Disabled", pgbouncer = true })
  }

  expect_failures = [var.database]
}

run "a_parameter_that_is_no_choice_is_refused" {
  command = plan

  variables {
    database = merge(var.database, { parameters = { "require_secure_transport" = "off" } })
  }

  expect_failures = [var.database]
}

run "a_short_password_is_refused" {
  command = plan

  variables {
    administrator_password = "short"
  }

  expect_failures = [var.administrator_password]
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
