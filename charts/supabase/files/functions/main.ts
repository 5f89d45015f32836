// The main function: checks the token, then hands the request to a worker that runs the function asked for.
// It needs no module from anywhere. A function sees the variables that functions.json allows it and the keys of its
// own Secret, and nothing else.

const ROOT = '/home/deno/functions'
const SECRETS = '/run/functions'

const TRIES = 3 // Workers that a request may meet at the end of their time.
const SPARED = 1024 * 1024 // Bytes of a body that are kept for another try.

const { functions, memory, seconds } = JSON.parse(Deno.readTextFileSync(`${ROOT}/main/functions.json`))
const keys = await verifyingKeys(Deno.env.get('JWT_SECRET'), Deno.env.get('SUPABASE_JWKS'))

class Refusal extends Error {
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

function answer(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })
}

function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0))
}

// The keys with which tokens may be signed: [algorithm, key id, key].
async function verifyingKeys(secret, jwks) {
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const curve = { name: 'ECDSA', namedCurve: 'P-256' }
  const found = []
  if (secret) {
    const raw = new TextEncoder().encode(secret)
    found.push(['HS256', undefined, await crypto.subtle.importKey('raw', raw, hmac, false, ['verify'])])
  }
  for (const { kty, crv, x, y, kid } of JSON.parse(jwks || '{"keys":[]}').keys) {
    if (kty === 'EC' && crv === 'P-256') {
      const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, curve, false, ['verify'])
      found.push(['ES256', kid, key])
    }
  }
  return found
}

// The claims of a token, once its signature and its time have been checked.
async function claims(token) {
  const invalid = new Refusal(401, 'UNAUTHORIZED_INVALID_JWT_FORMAT', 'Invalid JWT format')
  const parts = token.split('.')
  if (parts.length !== 3) throw invalid
  let header, body, signature
  try {
    header = JSON.parse(new TextDecoder().decode(bytes(parts[0])))
    body = JSON.parse(new TextDecoder().decode(bytes(parts[1])))
    signature = bytes(parts[2])
  } catch {
    throw invalid
  }
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`)
  const ways = { HS256: { name: 'HMAC' }, ES256: { name: 'ECDSA', hash: 'SHA-256' } }
  for (const [algorithm, id, key] of keys) {
    const fits = algorithm === header.alg && (!id || !header.kid || id === header.kid)
    if (fits && (await crypto.subtle.verify(ways[algorithm], key, signature, signed))) {
      return inTime(body)
    }
  }
  throw new Refusal(401, 'UNAUTHORIZED_INVALID_JWT', 'Invalid JWT')
}

function inTime(body) {
  const now = Date.now() / 1000
  if ((body.exp !== undefined && !(body.exp > now)) || (body.nbf !== undefined && !(body.nbf <= now + 60))) {
    throw new Refusal(401, 'UNAUTHORIZED_EXPIRED_JWT', 'JWT is expired or not yet valid')
  }
  return body
}

// The caller's token: a bearer token, or what the gateway has put in the place of an API key.
function tokenOf(request) {
  const [scheme, token, ...more] = (request.headers.get('authorization') ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer' && token && more.length === 0) return token
  const key = request.headers.get('sb-api-key')
  if (key) return key
  throw new Refusal(401, 'UNAUTHORIZED_NO_AUTH_HEADER', 'Missing authorization header')
}

// What a function finds in its environment: [name, value].
async function environment(name, allowed) {
  const found = allowed.map((variable) => [variable, Deno.env.get(variable) ?? ''])
  try {
    for await (const file of Deno.readDir(`${SECRETS}/${name}`)) {
      if (!file.name.startsWith('..')) {
        found.push([file.name, await Deno.readTextFile(`${SECRETS}/${name}/${file.name}`)])
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error
  }
  return found
}

async function worker(name) {
  return await EdgeRuntime.userWorkers.create({
    servicePath: `${ROOT}/${name}`,
    memoryLimitMb: memory,
    workerTimeoutMs: seconds * 1000,
    noModuleCache: false,
    importMapPath: null,
    envVars: await environment(name, functions[name].variables),
  })
}

// The same request again, while there is something to send again.
function spare(request) {
  const kept = !request.body || Number(request.headers.get('content-length') ?? Infinity) <= SPARED
  if (!kept) return undefined
  const copy = request.clone()
  EdgeRuntime.applySupabaseTag(request, copy)
  return copy
}

// A worker whose time is over takes no more requests: the next one is made for this.
async function run(name, request) {
  for (let left = TRIES - 1, next; ; left--, request = next) {
    next = left > 0 ? spare(request) : undefined
    try {
      return await (await worker(name)).fetch(request)
    } catch (error) {
      if (error instanceof Deno.errors.WorkerRequestIdleTimeout) {
        throw new Refusal(504, 'IDLE_TIMEOUT', 'The function did not answer in time')
      }
      if (!(error instanceof Deno.errors.WorkerAlreadyRetired && next)) throw error
    }
  }
}

async function handle(request) {
  const path = new URL(request.url).pathname
  if (path === '/_internal/health') return answer(200, { message: 'ok' })
  const name = path.split('/')[1]
  if (!name) throw new Refusal(400, 'NO_FUNCTION', 'The address names no function')
  if (!Object.hasOwn(functions, name)) throw new Refusal(404, 'NOT_FOUND', `There is no function ${name}`)
  if (functions[name].verifyJwt && request.method !== 'OPTIONS') await claims(tokenOf(request))
  return await run(name, request)
}

Deno.serve(async (request) => {
  try {
    return await handle(request)
  } catch (error) {
    if (error instanceof Refusal) {
      const { status, code, message } = error
      return answer(status, { code, message, msg: message }, { 'sb-error-code': code })
    }
    console.error(error)
    return answer(500, { code: 'WORKER_ERROR', message: 'The function failed; its log says why' })
  }
})
