# Who may do what, and why. Assignments are grouped by what they wait for: a role on the cluster's subnet need not
# wait for the vault, which takes minutes.

module "deployer_access" {
  source = "../modules/access"

  assign = var.assign_roles
  assignments = {
    # On the group, so that it is known before the cluster is.
    cluster-admin = {
      scope        = azurerm_resource_group.this.id
      role         = "Azure Kubernetes Service RBAC Cluster Admin"
      principal_id = local.deployer
      purpose      = "The deployer installs charts in the cluster. Given on the group, so that it is known before the cluster is."
    }
  }
}

module "cluster_access" {
  source = "../modules/access"

  assign = var.assign_roles
  assignments = {
    # AKS refuses to build a cluster whose identity lacks one of these two.
    subnet = {
      scope          = module.network.cluster_subnet_id
      role           = "Network Contributor"
      principal_id   = module.identities.cluster.object_id
      principal_type = "ServicePrincipal"
      purpose        = "AKS joins nodes and internal load balancers to the subnet."
    }
    kubelet = {
      scope          = module.identities.kubelet.id
      role           = "Managed Identity Operator"
      principal_id   = module.identities.cluster.object_id
      principal_type = "ServicePrincipal"
      purpose        = "AKS gives the nodes their identity."
    }
  }
}

# With an own zone for the API server's name, AKS writes the name there and links the zone to the network.
module "cluster_zone_access" {
  source = "../modules/access"
  count  = startswith(coalesce(var.cluster.private_dns_zone_id, "None"), "/") ? 1 : 0

  assign = var.assign_roles
  assignments = {
    zone = {
      scope          = var.cluster.private_dns_zone_id
      role           = "Private DNS Zone Contributor"
      principal_id   = module.identities.cluster.object_id
      principal_type = "ServicePrincipal"
      purpose        = "AKS writes the name of the API server."
    }
    # Azure's minimum for a zone of one's own; the subnet alone is too little for the link.
    network = {
      scope          = module.network.virtual_network_id
      role           = "Network Contributor"
      principal_id   = module.identities.cluster.object_id
      principal_type = "ServicePrincipal"
      purpose        = "AKS links the zone of the API server's name to the network."
    }
  }
}

locals {
  # Below the vault: all of it, or each name that has a reader in the cluster.
  read = var.vault.reader_scope == "vault" ? [""] : [
    for name in sort(setunion(yamldecode(file("${path.module}/secrets.yaml")), var.vault.provided)) : "/secrets/${name}"
  ]
}

module "vault_access" {
  source = "../modules/access"

  assign = var.assign_roles
  assignments = merge({
    # Contributor and Owner of a vault may not read what is in it; only roles on data do that.
    deployer = {
      scope        = module.vault.id
      role         = "Key Vault Secrets Officer"
      principal_id = local.deployer
      purpose      = "The deployer seeds and rotates secrets."
    }
    }, {
    # User, not Officer: the cluster reads secrets and changes none.
    for path in local.read : "external-secrets${trimprefix(path, "/secrets")}" => {
      scope          = "${module.vault.id}${path}"
      role           = "Key Vault Secrets User"
      principal_id   = module.identities.external_secrets.object_id
      principal_type = "ServicePrincipal"
      purpose        = "External Secrets reads secrets into the cluster."
    }
  })
}

module "storage_access" {
  source = "../modules/access"

  assign = var.assign_roles
  assignments = {
    # On the container, not the account: other containers are none of its business.
    s3proxy = {
      scope          = module.storage.container_id
      role           = "Storage Blob Data Contributor"
      principal_id   = module.identities.s3proxy.object_id
      principal_type = "ServicePrincipal"
      purpose        = "S3Proxy reads and writes Supabase's objects."
    }
  }
}

module "registry_access" {
  source = "../modules/access"
  count  = var.registry.enabled ? 1 : 0

  assign = var.assign_roles
  assignments = {
    # The identity of the nodes pulls for every pod; pods need no secret for that.
    kubelet = {
      scope          = module.registry[0].id
      role           = "AcrPull"
      principal_id   = module.identities.kubelet.object_id
      principal_type = "ServicePrincipal"
      purpose        = "Nodes pull images."
    }
    # Contributor of the registry manages it and may not push.
    deployer = {
      scope        = module.registry[0].id
      role         = "AcrPush"
      principal_id = local.deployer
      purpose      = "The deployer publishes charts and images."
    }
  }
}
