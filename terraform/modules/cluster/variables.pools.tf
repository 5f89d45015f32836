variable "pools" {
  description = "The pools by name; `system` is the one that every cluster has. Where there are others, it takes only what the cluster needs itself."
  type = map(object({
    size   = string
    min    = number
    max    = number
    zones  = set(string)
    disk   = object({ type = string, gb = number })
    surge  = string
    labels = optional(map(string), {})
    taints = optional(list(string), [])
  }))
  nullable = false

  validation {
    condition     = try(var.pools["system"].min, 0) >= 1
    error_message = "cluster.system.min is ${try(var.pools["system"].min, 0)}, and the pool that runs the system needs a node. Use 1 or more; 2 or more survive an upgrade without a pause."
  }

  validation {
    condition     = alltrue([for name in keys(var.pools) : can(regex("^[a-z][a-z0-9]{0,8}$", name)) && name != "moving" && !endswith(name, "tmp")])
    error_message = "cluster.pools holds ${join(", ", setsubtract(keys(var.pools), ["system"]))}; a pool's name has up to 9 small letters and digits, begins with a letter, does not end with tmp and is not moving: names that a pool has while its nodes are exchanged. Rename it."
  }

  validation {
    condition     = length(setsubtract(keys(var.pools), ["system"])) == 0 || anytrue([for name, pool in var.pools : name != "system" && length(pool.taints) == 0 && pool.min >= 1])
    error_message = "cluster.pools has no pool without taints and with a node at all times, and the system pool is closed to others: run-command, by which the deployer reaches the cluster, would find no node. Give one pool min >= 1 and no taints."
  }

  validation {
    condition     = alltrue(flatten([for pool in values(var.pools) : [for taint in pool.taints : can(regex("^[A-Za-z0-9./_-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$", taint))]]))
    error_message = "cluster.pools has the taints ${join(", ", flatten([for pool in values(var.pools) : pool.taints]))}; a taint is written key=value:NoSchedule, with PreferNoSchedule or NoExecute as the other effects. Correct it."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : startswith(pool.size, "Standard_")])
    error_message = "Sizes of machines begin with Standard_, such as Standard_D4ds_v5: ${join(", ", [for name, pool in var.pools : "${name == "system" ? "cluster.system" : "cluster.pools.${name}"}.size is ${pool.size}" if !(startswith(pool.size, "Standard_"))])}. See `az vm list-skus --location <region>`."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.min >= 0 && pool.min <= pool.max && pool.max >= 1 && pool.max <= 1000])
    error_message = "A pool has at most 1000 nodes, at least one when it is fullest, and min must not exceed max: ${join(", ", [for name, pool in var.pools : "${name == "system" ? "cluster.system" : "cluster.pools.${name}"} has min ${pool.min} and max ${pool.max}" if !(pool.min >= 0 && pool.min <= pool.max && pool.max >= 1 && pool.max <= 1000)])}. Lower the one or raise the other."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : length(setsubtract(pool.zones, ["1", "2", "3"])) == 0])
    error_message = "A region has the zones 1, 2 and 3, or none: ${join(", ", [for name, pool in var.pools : "${name == "system" ? "cluster.system" : "cluster.pools.${name}"}.zones holds ${join(", ", pool.zones)}" if !(length(setsubtract(pool.zones, ["1", "2", "3"])) == 0)])}. Choose from these; leave the list empty in a region without zones."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : contains(["Ephemeral", "Managed"], pool.disk.type) && pool.disk.gb >= 30 && pool.disk.gb <= 2048])
    error_message = "A disk is Ephemeral (on the machine itself, whose size must have room for it) or Managed, and has 30 to 2048 GB: ${join(", ", [for name, pool in var.pools : "${name == "system" ? "cluster.system" : "cluster.pools.${name}"}.disk is ${pool.disk.type} of ${pool.disk.gb} GB" if !(contains(["Ephemeral", "Managed"], pool.disk.type) && pool.disk.gb >= 30 && pool.disk.gb <= 2048)])}. Correct it."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : can(regex("^[1-9][0-9]*%?$", pool.surge))])
    error_message = "surge is a number of nodes or a share such as 33%: ${join(", ", [for name, pool in var.pools : "${name == "system" ? "cluster.system" : "cluster.pools.${name}"}.surge is ${pool.surge}" if !(can(regex("^[1-9][0-9]*%?$", pool.surge)))])}. Correct it."
  }
}
