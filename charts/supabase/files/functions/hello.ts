// The smallest function: the test of the release calls it.
Deno.serve(async (request) => {
  const { name = 'world' } = request.method === 'POST' ? await request.json().catch(() => ({})) : {}
  return Response.json({ message: `Hello ${name}!` })
})
