# The one tenant of Supavisor as the environment describes it; run before each start, so that a new password counts.
# Clients are checked against the users listed here: Azure lets nobody read the hashes of the database's own.
{:ok, _} = Application.ensure_all_started(:supavisor)

tenant = System.fetch_env!("POOLER_TENANT_ID")
pool = String.to_integer(System.fetch_env!("POOLER_DEFAULT_POOL_SIZE"))

version =
  with {:ok, %{rows: [[text]]}} <- Supavisor.Repo.query("select version()"),
       {:ok, number} <- Supavisor.Helpers.parse_pg_version(text) do
    number
  else
    _ -> raise "The database did not tell its version."
  end

wanted = %{
  "external_id" => tenant,
  "db_host" => System.fetch_env!("POSTGRES_HOST"),
  "db_port" => System.fetch_env!("POSTGRES_PORT"),
  "db_database" => System.fetch_env!("POSTGRES_DB"),
  "upstream_ssl" => System.fetch_env!("POSTGRES_SSL") == "true",
  "upstream_verify" => "none",
  "require_user" => true,
  "default_max_clients" => System.fetch_env!("POOLER_MAX_CLIENT_CONN"),
  "default_pool_size" => pool,
  "default_parameter_status" => %{"server_version" => version},
  "users" => [
    %{
      "db_user_alias" => "postgres", # What clients call it, whichever login is in use.
      "db_user" => System.fetch_env!("POSTGRES_USER"),
      "db_password" => System.fetch_env!("POSTGRES_PASSWORD"),
      "mode_type" => "transaction",
      "pool_size" => pool
    }
  ]
}

# One transaction; the user keeps its row, so that nobody who connects meanwhile meets no tenant or no user.
{:ok, _} =
  case Supavisor.Tenants.get_tenant_by_external_id(tenant) do
    nil ->
      Supavisor.Tenants.create_tenant(wanted)

    known ->
      ids = Map.new(known.users, &{&1.db_user_alias, &1.id})
      users = Enum.map(wanted["users"], &Map.put(&1, "id", ids[&1["db_user_alias"]]))
      Supavisor.Tenants.update_tenant(known, %{wanted | "users" => users})
  end

IO.puts("Supavisor knows the tenant #{tenant}.")
