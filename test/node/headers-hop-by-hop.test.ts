import { afterAll, beforeAll, expect, it } from 'vitest'
import { openRaw } from '../support/raw-socket.ts'
import { seenThroughGate, ways } from '../support/seen-through-gate.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
let hooks: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate()
  hooks = await serveBackendGate('test/fixtures/backend-hooks.ts')
})
afterAll(async () => {
  await gate.stop()
  await hooks.stop()
})

it.for([
  ['HTTP_KEEP_ALIVE', 'Keep-Alive: timeout=5'],
  ['HTTP_TE', 'TE: trailers'],
  ['HTTP_TRAILER', 'Trailer: x-late'],
  ['HTTP_PROXY_AUTHORIZATION', 'Proxy-Authorization: Basic secret'],
  ['HTTP_PROXY_AUTHENTICATE', 'Proxy-Authenticate: Basic'],
  ['HTTP_PROXY_CONNECTION', 'Proxy-Connection: keep-alive'],
  ['HTTP_PROXY', 'Proxy: http://evil.example'],
  ['HTTP_EXPECT', 'Expect: 100-continue'],
  ['HTTP_X_NOMINATED', 'Connection: x-nominated', 'x-nominated: yes'],
  ['HTTP_X_NOMINATED', 'connection: close , X-NOMINATED', 'X-Nominated: yes'],
] as const)('forwards no %s', async ([variable, ...lines]) => {
  for (const way of ways) {
    for (const guard of ['api', 'hook']) {
      const seen = await seenThroughGate(gate.worker.port, way, guard, lines)
      expect(seen, `${guard} ${way.kind} over ${way.by}`).not.toHaveProperty(variable)
    }
  }
})

it.for(ways)("lets no caller nominate a hook's header away, from a $kind over $by", async (way) => {
  const port = hooks.worker.port
  const lines = ['Connection: x-hook']
  const seen = await seenThroughGate(port, way, 'refuses-a-forged-identity', lines)
  expect(seen).toMatchObject({ HTTP_X_HOOK: 'set' })
})

it("lets no caller nominate a hook's header away with a body", async () => {
  const lines = [
    'POST /backends/sets-headers/x HTTP/1.1',
    'Host: gate.example',
    'Connection: close, x-hook',
    'Content-Length: 5',
  ]
  let response = ''
  for await (const chunk of openRaw(hooks.worker.port, lines, 'hello')) response += String(chunk)
  expect(response).toContain('"HTTP_X_HOOK":"set"')
})

it.for(ways)(
  'shows a hook the upgrade that "Connection" names, for a $kind over $by',
  async (way) => {
    const port = hooks.worker.port
    const seen = await seenThroughGate(port, way, 'looks-at-the-upgrade', [])
    expect(seen).toMatchObject({ HTTP_X_HOOK: way.by === 'WebSocket' ? 'websocket' : 'none' })
  },
)

it.for(ways)('shows a hook no forged identity, before a $kind over $by', async (way) => {
  const lines = ['subject', 'issuer', 'username'].map((name) => `x-verified-${name}: forged`)
  lines.push('x-verified-user-data: {}')
  const port = hooks.worker.port
  const seen = await seenThroughGate(port, way, 'refuses-a-forged-identity', lines)
  expect(seen).toMatchObject({ HTTP_X_HOOK: 'set' })
})

it.for(ways)('lets no hook say who is there, to a $kind over $by', async (way) => {
  const seen = await seenThroughGate(hooks.worker.port, way, 'forges-an-identity', [])
  expect(JSON.stringify(seen)).not.toContain('forged')
})
