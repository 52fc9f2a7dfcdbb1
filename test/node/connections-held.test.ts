import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { refusedHandshake } from '../support/browser-socket.ts'
import { openRaw } from '../support/raw-socket.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import type { Report } from '../support/spawner-orders.ts'

let gate: ConnectionGate
let impatient: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
  impatient = await serveConnections({ startSeconds: 1 })
})
afterAll(async () => {
  await gate.stop()
  await impatient.stop()
})

/** A connection to a backend that nobody has made ready yet. */
async function startingAt({ start, connect }: ConnectionGate, name: string, request = {}) {
  await start({ backendId: name, key: name })
  return connect({ key: { name }, ...request }, null)
}

function step(status: Report['entry']['status']): Report['entry'] {
  return { status, time: Date.now() }
}

function makeReady(backendId: string): Promise<void> {
  const address = { kind: 'origin', origin: gate.backend.origin } as const
  return gate.report({ backendId, entry: step('ready'), address })
}

/** Resolves once the Worker has asked an object, which each request that is held does first. */
async function reachedSince(before: number, times = 1): Promise<void> {
  while ((await gate.reached()) < before + times);
}

it('hold until ready: a request waits while its backend starts, and is then answered', async () => {
  const { token, backend_id, status: first } = await startingAt(gate, 'held', { user: 'alice' })
  expect(first).toBe('scheduled')
  const before = await gate.reached()
  const held = fetch(gate.url(`/${token}/x?q=1`), { method: 'POST', body: 'hello' })
  const told = held.then(() => 'answered')
  await reachedSince(before)
  for (const status of ['loading', 'starting', 'waiting'] as const) {
    await gate.report({ backendId: backend_id, entry: step(status) })
  }
  // Each step went to the object that holds the request, and none of them let it go.
  expect(await Promise.race([told, Promise.resolve('held')])).toBe('held')
  await makeReady(backend_id)
  const response = await held
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ method: 'POST', url: '/x?q=1', body: 'hello' })
})

it('holds an upgrade as well', async () => {
  const { token, backend_id } = await startingAt(gate, 'held-socket')
  const before = await gate.reached()
  const socket = new WebSocket(gate.url(`/${token}/`).replace('http', 'ws'))
  const opened = once(socket, 'open')
  await reachedSince(before)
  await makeReady(backend_id)
  await opened
  socket.close()
})

it('answers all that wait at once', async () => {
  const { token, backend_id } = await startingAt(gate, 'held-many')
  const before = await gate.reached()
  const held = Array.from({ length: 20 }, () => fetch(gate.url(`/${token}/`)))
  await reachedSince(before, held.length)
  await makeReady(backend_id)
  const answers = await Promise.all(held)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
})

it('answers those that wait with 410 when the backend ends instead', async () => {
  const { token, backend_id } = await startingAt(gate, 'held-ended')
  const before = await gate.reached()
  const held = fetch(gate.url(`/${token}/`))
  await reachedSince(before)
  await gate.control(`/ctrl/b/${backend_id}/hard-terminate`)
  const response = await held
  expect([response.status, await response.json()]).toMatchObject([410, { code: 'backend_gone' }])
})

it('lets nobody in whose token was revoked while they waited', async () => {
  const { token, backend_id } = await startingAt(gate, 'held-revoked')
  const before = await gate.reached()
  const held = fetch(gate.url(`/${token}/`))
  await reachedSince(before)
  await gate.control('/ctrl/revoke', { backend_id })
  await makeReady(backend_id)
  const response = await held
  expect([response.status, await response.json()]).toMatchObject([410, { code: 'token_revoked' }])
})

/** Its limit, less what two clocks may differ by in a second. */
const AT_LEAST_MS = 990

it('gives up at its limit with 502, for a request and for an upgrade', async () => {
  // A gate with a longer limit still holds what it was asked before.
  const patient = await startingAt(gate, 'in-time')
  const before = await gate.reached()
  const held = fetch(gate.url(`/${patient.token}/`))
  const stillHeld = held.then(({ status }) => `answered ${status}`)
  await reachedSince(before)

  const { token, backend_id } = await startingAt(impatient, 'never')
  const asked = performance.now()
  const response = await fetch(impatient.url(`/${token}/`))
  expect(performance.now() - asked).toBeGreaterThan(AT_LEAST_MS)
  expect(response.status).toBe(502)
  expect(response.headers.get('x-plane-backend-id')).toBe(backend_id)
  expect(await response.json()).toMatchObject({ code: 'backend_unavailable' })
  const askedAgain = performance.now()
  const socket = new WebSocket(impatient.url(`/${token}/`).replace('http', 'ws'))
  const refused = await refusedHandshake(socket)
  expect(performance.now() - askedAgain).toBeGreaterThan(AT_LEAST_MS)
  expect([refused.status, JSON.parse(refused.body)]).toMatchObject([
    502,
    { code: 'backend_unavailable' },
  ])

  expect(await Promise.race([stillHeld, Promise.resolve('held')])).toBe('held')
  await makeReady(patient.backend_id)
  expect(await stillHeld).toBe('answered 200')
})

it('holds no stranger, however the token looks', async () => {
  const { token } = await startingAt(gate, 'held-from-strangers')
  const forged = token.slice(0, -1) + (token.endsWith('A') ? 'Q' : 'A')
  expect((await fetch(gate.url(`/${forged}/`))).status).toBe(410)
})

it('does not count the use of a client that went away while it waited', async () => {
  const { token, backend_id } = await startingAt(gate, 'left', { max_uses: 1 })
  const before = await gate.reached()
  const client = openRaw(gate.worker.port, [`GET /${token}/gone HTTP/1.1`, 'Host: gate.example'])
  await reachedSince(before)
  client.resetAndDestroy()
  await once(client, 'close')
  await makeReady(backend_id)
  expect((await fetch(gate.url(`/${token}/x`))).status).toBe(200)
})
