# Development in Azure: the cheapest of everything, and quickly made and gone.

name     = "supabase-dev"
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
  private_endpoints = false
  # Who may reach an ingress or gateway behind a load balancer of the cluster, on ports 80 and 443:
  # clients = ["203.0.113.0/24"]
}

# The name can be used again at once after a destroy.
vault = {
  purge_protection = false
  retention_days   = 7
  # From where you deploy: `curl https://api.ipify.org` tells the address that Azure sees.
  allowed = ["203.0.113.10"]
}

storage = {
  replication    = "LRS"
  retention_days = 7
  versions_days  = 7
}

registry = {
  sku     = "Basic"
  allowed = [] # Only a Premium registry has a firewall.
}

logs = {
  retention_days = 30
  daily_gb       = 1
}

cluster = {
  tier   = "Free"
  policy = false
  system = {
    min   = 2
    max   = 4
    zones = []
  }
  # One pool carries everything.
  pools = {}
}

database = {
  sku               = "B_Standard_B2s"
  storage_gb        = 32
  backup_days       = 7
  high_availability = "Disabled"
}

observability = {
  emails  = []                  # Who is told of alerts, such as ["on-call@example.com"].
  budget  = 500                 # A month, in the currency of the subscription.
  grafana = { enabled = false } # The dearest part of it.
}
