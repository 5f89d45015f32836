-- Tell from the API key which role a caller has, and hand services the token that the key stands for. Whether that
-- role may pass is decided by the RBAC filter, which closes where this script fails.
local function secret(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

-- A legacy key is a token itself; an opaque one stands for a token that only the gateway knows. While keys change,
-- several of a kind are accepted, with commas between.
local ANON, SERVICE = secret("ANON_KEY"), secret("SERVICE_ROLE_KEY")
local KEYS = { [ANON] = { "anon", ANON }, [SERVICE] = { "service_role", SERVICE } }
local PUBLISHABLE, SECRET = secret("PUBLISHABLE_KEY_ACCEPTED"), secret("SECRET_KEY_ACCEPTED")
local ANON_TOKEN, SERVICE_TOKEN = secret("ANON_KEY_ASYMMETRIC"), secret("SERVICE_ROLE_KEY_ASYMMETRIC")
if PUBLISHABLE and SECRET and ANON_TOKEN and SERVICE_TOKEN then
  for key in string.gmatch(PUBLISHABLE, "[^,]+") do
    KEYS[key] = { "anon", ANON_TOKEN }
  end
  for key in string.gmatch(SECRET, "[^,]+") do
    KEYS[key] = { "service_role", SERVICE_TOKEN }
  end
end

-- The key in the address, for browsers open websockets without headers.
local function in_address(path)
  for name, value in string.gmatch(string.match(path, "%?([^#]*)") or "", "([^&=]+)=([^&]*)") do
    if name == "apikey" and value ~= "" then
      return value
    end
  end
end

-- The same address with another key in it.
local function rewritten(path, key, token)
  local start = string.find(path, "?", 1, true)
  local parts = {}
  for part in string.gmatch(string.sub(path, start + 1), "[^&]+") do
    table.insert(parts, part == "apikey=" .. key and "apikey=" .. token or part)
  end
  return string.sub(path, 1, start) .. table.concat(parts, "&")
end

local function refuse(handle, key)
  local message = key and "Invalid API key" or "No API key found in request"
  handle:respond({ [":status"] = "401", ["content-type"] = "application/json" }, '{"message":"' .. message .. '"}')
end

-- Services read the role from a bearer token: a key alone is taken for one, and storage refuses an empty header.
local function authorize(headers, token)
  local given = headers:get("authorization") or ""
  if given == "" or string.sub(given, 1, 10) == "Bearer sb_" then
    if token then
      headers:replace("authorization", "Bearer " .. token)
    elseif given == "" then
      headers:remove("authorization")
    end
  end
end

function envoy_on_request(handle)
  local headers, route = handle:headers(), handle:metadata()
  local carrier = route:get("carrier") -- The header in which the service reads the token; a bearer token if absent.

  if carrier == "sb-api-key" then
    headers:remove(carrier) -- Nobody but the gateway says who calls a function.
  end
  local path, key = headers:get(":path"), headers:get("apikey")
  local asked = (key == nil or key == "") and carrier ~= "sb-api-key" and in_address(path)
  key = asked or key
  local role, token = unpack(KEYS[key] or {})

  if role then
    handle:streamInfo():dynamicMetadata():set("supabase", "role", role)
    headers:replace("apikey", token)
    if asked and token ~= key then
      headers:replace(":path", rewritten(path, key, token))
    end
  elseif route:get("key") then
    refuse(handle, key)
    return
  end

  if carrier == nil then
    authorize(headers, token or key)
  elseif token then
    headers:replace(carrier, token)
  end
end
