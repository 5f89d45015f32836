variable "cluster" {
  description = "The private cluster. `tier` of the control plane; `version` of Kubernetes at creation (the region's default if left out); `upgrades` and `node_images`, the channels that move both on (Terraform does not), within the hours of `maintenance` (UTC); the `system` pool and further `pools` by name, each with bounds of the autoscaler, zones, disk and the share of nodes that an upgrade adds (`surge`). With `pools`, the system pool is kept for what the cluster needs itself. `private_dns_zone_id`: an own zone for the API server's name, None, or left out for one that AKS keeps. `admin_group_ids`: groups of Entra that administer the cluster. `local_accounts` lets in who has the administrator's certificate, which then lies in the state. `image_cleaner_hours`: how often unused images go, 0 for never. `csi`: the vault as a volume; `flux`: a Git repository that Flux applies, signed in by the Kubernetes Secret `secret` if it is private."
  type = object({
    tier                = optional(string, "Standard")
    version             = optional(string)
    upgrades            = optional(string, "patch")
    node_images         = optional(string, "NodeImage")
    private_dns_zone_id = optional(string)
    admin_group_ids     = optional(list(string), [])
    local_accounts      = optional(bool, false)
    image_cleaner_hours = optional(number, 168)
    host_encryption     = optional(bool, false)
    policy              = optional(bool, true)
    defender            = optional(bool, false)
    cost_analysis       = optional(bool, false)
    csi                 = optional(bool, false)

    maintenance = optional(object({
      cluster = optional(object({
        day   = optional(string, "Sunday")
        hour  = optional(number, 1)
        hours = optional(number, 4)
      }), {})
      nodes = optional(object({
        day   = optional(string, "Wednesday")
        hour  = optional(number, 1)
        hours = optional(number, 4)
      }), {})
    }), {})

    system = optional(object({
      size  = optional(string, "Standard_D4ds_v5")
      min   = optional(number, 3)
      max   = optional(number, 5)
      zones = optional(set(string), ["1", "2", "3"])
      disk = optional(object({
        type = optional(string, "Ephemeral")
        gb   = optional(number, 128)
      }), {})
      surge = optional(string, "10%")
    }), {})

    pools = optional(map(object({
      size  = optional(string, "Standard_D4ds_v5")
      min   = optional(number, 3)
      max   = optional(number, 6)
      zones = optional(set(string), ["1", "2", "3"])
      disk = optional(object({
        type = optional(string, "Ephemeral")
        gb   = optional(number, 128)
      }), {})
      surge  = optional(string, "10%")
      labels = optional(map(string), {})
      taints = optional(list(string), [])
    })), { apps = {} })

    flux = optional(object({
      url    = string
      branch = optional(string, "main")
      path   = optional(string, "./")
      secret = optional(string)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = !contains(keys(var.cluster.pools), "system")
    error_message = "cluster.pools holds system, which cluster.system describes. Rename the pool."
  }
}
