import { createExecutionContext, env } from 'cloudflare:test'
import { expect, it } from 'vitest'
import { createGate, jwt } from '../../src/portico.ts'
import { createPortico } from '../../src/server.ts'
import { AUDIENCE, ISSUER, SECRET } from '../support/mint-token.ts'

const KEY = 'an-admin-key-of-more-than-32-characters'

const gate = createGate({
  verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
  rooms: { echo: { binding: 'ECHO_ROOM' } },
  connections: {
    backends: 'BACKEND',
    keys: 'BACKEND_KEY',
    index: 'BACKEND_INDEX',
    tokenKey: 'a-token-key-of-more-than-thirty-two-characters',
    controlKeys: [{ key: KEY, scope: 'admin' }],
    rememberSeconds: 0,
  },
})

/** As a service binding brings it from one Worker to the other. */
async function throughService(url: string, init?: RequestInit): Promise<Response> {
  return gate.fetch(new Request(url, init), env, createExecutionContext())
}

const portico = createPortico({ url: 'https://gate.example', key: KEY, fetch: throughService })

it('asks for a connection in a Worker, and for all that goes with it', async () => {
  const executable = { room: { party: 'echo', room: 'Zoë' } }
  const key = { name: '📓' }
  const connected = await portico.connect({ key, spawn_config: { executable }, user: 'Zoë' })
  if (!connected.ok) throw new Error(connected.error.message)
  const { backend_id, url, token_id } = connected.value
  expect((await throughService(url)).status).toBe(200)

  const tokens: unknown[] = []
  for await (const token of portico.tokens(backend_id)) tokens.push(token)
  expect(tokens).toMatchObject([{ ok: true, value: { token_id, user: 'Zoë' } }])
  const backends: unknown[] = []
  for await (const backend of portico.backends()) backends.push(backend)
  expect(backends).toMatchObject([{ ok: true, value: { backend_id, key } }])

  const revoked = await portico.revoke({ token_id })
  expect(revoked).toMatchObject({ ok: true, value: { tokens_revoked: 1 } })
  expect((await throughService(url)).status).toBe(410)
})

it('follows the statuses of a backend in a Worker up to its end', async () => {
  const executable = { room: { party: 'echo', room: 'followed' } }
  const connected = await portico.connect({ spawn_config: { executable } })
  if (!connected.ok) throw new Error(connected.error.message)
  const { backend_id } = connected.value
  const statuses: string[] = []
  for await (const status of portico.statusStream(backend_id)) {
    if (!status.ok) throw new Error(status.error.message)
    statuses.push(status.value.status)
    if (status.value.status === 'ready') await portico.terminate(backend_id)
  }
  expect(statuses.slice(-3)).toEqual(['ready', 'terminating', 'terminated'])
  const ended = { ok: true, value: { status: 'terminated', termination_reason: 'external' } }
  expect(await portico.status(backend_id)).toMatchObject(ended)
})
