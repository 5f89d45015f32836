# The sandbox: Azure on one machine. The same shape as dev, so that what works here works there.

name     = "supabase-sandbox"
location = "centralus"

tags = {
  project = "supabase"
}

network = {
  address_space = "10.40.0.0/16"
  subnets = {
    cluster   = "10.40.0.0/22"
    database  = "10.40.4.0/27"
    endpoints = "10.40.5.0/26"
    gateway   = "10.40.6.0/24"
  }
  private_endpoints = true
}

# The name can be used again at once after a destroy.
vault = {
  purge_protection = false
  retention_days   = 7
  # Whoever stands outside of the sandbox's networks has this address.
  allowed = ["203.0.113.10"]
}

storage = {
  replication    = "LRS"
  retention_days = 7
  versions_days  = 7
}

registry = {
  sku     = "Premium"
  allowed = ["203.0.113.10"]
}

logs = {
  retention_days = 30
  daily_gb       = 1
}

cluster = {
  tier   = "Standard"
  policy = false
  system = {
    min   = 2
    max   = 3
    zones = ["1", "2", "3"]
  }
  pools = {
    apps = { min = 2, max = 4 }
  }
}

database = {
  sku               = "GP_Standard_D2ds_v5"
  storage_gb        = 32
  backup_days       = 7
  high_availability = "ZoneRedundant"
}

observability = {
  emails  = ["on-call@example.com"]
  budget  = 900
  grafana = { enabled = true }
}
