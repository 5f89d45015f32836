mock_provider "azurerm" {}

variables {
  name       = "test"
  cluster_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.ContainerService/managedClusters/test-aks"
  repository = { url = "https://example.com/platform.git", branch = "main", path = "./clusters/test" }
}

run "flux_follows_the_branch_and_removes_what_is_gone_there" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_flux_configuration.this.git_repository[0].reference_value == "main"
    error_message = "Flux must follow the branch that was chosen."
  }

  assert {
    condition     = alltrue([for one in azurerm_kubernetes_flux_configuration.this.kustomizations : one.garbage_collection_enabled && one.path == "./clusters/test"])
    error_message = "What leaves the repository must leave the cluster."
  }
}

run "a_private_repository_names_a_secret" {
  command = plan

  variables {
    repository = { url = "ssh://git@example.com/platform.git", branch = "main", path = "./", secret = "git-access" }
  }

  assert {
    condition     = azurerm_kubernetes_flux_configuration.this.git_repository[0].local_auth_reference == "git-access"
    error_message = "The key stays in the cluster; the state knows its name only."
  }
}

run "a_token_in_the_address_is_refused" {
  command = plan

  variables {
    repository = { url = "https://me:token@example.com/platform.git", branch = "main", path = "./" }
  }

  expect_failures = [var.repository]
}

run "a_path_that_leaves_the_repository_is_refused" {
  command = plan

  variables {
    repository = { url = "https://example.com/platform.git", branch = "main", path = "../other" }
  }

  expect_failures = [var.repository]
}
