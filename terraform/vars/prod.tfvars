# Production in Azure: three zones, a standby database, a web application firewall, and nothing that can be
# deleted by mistake. docs/costs.md tells what that costs.

name     = "supabase-prod"
suffix   = "x7k2" # Vault, storage account, registry and database share their names with all of Azure: your own signs here.
location = "centralus"

tags = {
  project     = "supabase"
  owner       = "platform-team"
  cost-center = "1234"
}

# To change or destroy what it holds: false, provision, and only then the rest.
lock = true

network = {
  address_space = "10.60.0.0/16"
  subnets = {
    cluster   = "10.60.0.0/22"
    database  = "10.60.4.0/27"
    endpoints = "10.60.5.0/26"
    gateway   = "10.60.6.0/24"
  }
  pods              = "10.244.0.0/16"
  services          = "10.245.0.0/16"
  private_endpoints = true
  clients           = ["0.0.0.0/0"] # The world, through the gateway; name your networks instead if you can.

  # Two addresses that others can put on their lists.
  nat = { addresses = 2 }
}

outbound = "natGateway"

vault = {
  purge_protection = true
  retention_days   = 90
  # Where the worker's network leaves to the world; empty for a worker inside, with `access: direct`.
  allowed = ["203.0.113.10"]
}

storage = {
  replication    = "ZRS"
  retention_days = 30
  versions_days  = 30
  cool_days      = 90
}

registry = {
  sku     = "Premium"
  allowed = ["203.0.113.10"]
}

logs = {
  retention_days = 90
  # No daily_gb: a limit would drop logs on the day on which they matter.
}

cluster = {
  tier   = "Standard"
  policy = true
  system = {
    min   = 3
    max   = 5
    zones = ["1", "2", "3"]
  }
  pools = {
    apps = { min = 3, max = 9, zones = ["1", "2", "3"] }
  }
}

database = {
  sku                  = "GP_Standard_D4ds_v5"
  storage_gb           = 256
  backup_days          = 35
  geo_redundant_backup = true # Decided at creation, once and for all.
  high_availability    = "ZoneRedundant"
}

edge = {
  kind = "applicationGateway"
  waf  = "Detection" # Nobody has tried the rules on Supabase's traffic: read what it finds, then "Prevention".
}

observability = {
  emails  = ["platform-team@example.com"]
  budget  = 3000 # A month, in the currency of the subscription.
  grafana = { enabled = true, zone_redundant = true }
}
