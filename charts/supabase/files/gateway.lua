-- Tell from the API key which role a caller has. Whether that role may pass is decided by the RBAC filter, which
-- closes where this script fails.
local ROLES = {
  [os.getenv("ANON_KEY")] = "anon",
  [os.getenv("SERVICE_ROLE_KEY")] = "service_role",
}

function envoy_on_request(handle)
  local headers = handle:headers()
  local key = headers:get("apikey") or string.match(headers:get(":path"), "[?&]apikey=([^&#]+)")
  local role = ROLES[key]

  if role ~= nil then
    handle:streamInfo():dynamicMetadata():set("supabase", "role", role)
  elseif handle:metadata():get("key") then
    local message = key and "Invalid API key" or "No API key found in request"
    handle:respond(
      { [":status"] = "401", ["content-type"] = "application/json" },
      '{"message":"' .. message .. '"}'
    )
    return
  end

  -- Services read the role from a bearer token: a key alone is taken for one, and storage refuses an empty header.
  local authorization = headers:get("authorization")
  if authorization == nil or authorization == "" then
    if key ~= nil then
      headers:replace("authorization", "Bearer " .. key)
    else
      headers:remove("authorization")
    end
  end
end
