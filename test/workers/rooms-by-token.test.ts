import { expect, it } from 'vitest'
import { bearer, byNameGate, GATE, outcomeOf } from '../fixtures/by-name-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { mintToken } from '../support/mint-token.ts'

const inRoom = (room: string) => ({
  executable: { room: { party: 'main', room } },
  useStaticToken: false,
})

it.for<[place: string, room: string, rest: string]>([
  ['/parties/main/a%2Fb', 'a/b', ''],
  ['/parties/main/doc-1/x//y%20z', 'doc-1', '/x//y%20z'],
  ['/party/doc-1', 'doc-1', ''],
])('opens %s with a token for that very room, as whom it names', async ([place, room, rest]) => {
  const { send, spawn, reached } = byNameGate()
  const { backendId, token, secretToken } = await spawn(inRoom(room), { user: 'alice' })
  for (const [query, headers] of [
    ['?q=%20', bearer(token)],
    [`?q=%20&token=${token}`, {}],
  ] as const) {
    const response = await send(`${GATE}${place}${query}`, { headers })
    expect(response.status).toBe(200)
    const seen = await response.json<Seen>()
    expect(seen.url).toBe(`${GATE}/parties/main/${encodeURIComponent(room)}${rest}?q=%20`)
    expect(seen.headers).toMatchObject({
      'x-verified-username': 'alice',
      'x-verified-backend': backendId,
      'x-verified-secret': secretToken,
      'x-verified-path': place,
    })
    expect(JSON.stringify(seen)).not.toContain(token)
  }
  expect(reached).toHaveLength(2)
})

it('opens a WebSocket', async () => {
  const { send, spawn } = byNameGate()
  const { token } = await spawn(inRoom('doc-1'))
  const headers = { upgrade: 'websocket' }
  const { status, webSocket } = await send(`${GATE}/party/doc-1?token=${token}`, { headers })
  webSocket?.accept()
  webSocket?.close()
  expect(status).toBe(101)
})

it('asks no verifier, no permission and no hook', async () => {
  const asked: string[] = []
  const note = (what: string) => {
    asked.push(what)
    throw new Error(what)
  }
  const { send, spawn } = byNameGate({
    options: {
      verify: () => note('a verifier'),
      onBeforeRequest: () => note('a hook'),
      permissions: { everyone: { 'main:other': ['read'] } },
    },
  })
  const { token } = await spawn(inRoom('doc-1'))
  const response = await send(`${GATE}/party/doc-1`, { headers: bearer(token) })
  expect([response.status, asked]).toEqual([200, []])
})

it.for<[what: string, path: string, executable: object]>([
  ['another room', '/party/doc-2', inRoom('doc-1')],
  ['a room of another spelling', '/party/Doc-1', inRoom('doc-1')],
  ['a backend', '/party/doc-1', { executable: { service: 'files' }, useStaticToken: false }],
  ['a static token’s backend', '/party/doc-1', {}],
])('refuses a token for %s', async ([, path, spawning]) => {
  const { send, spawn, seen } = byNameGate()
  const { token } = await spawn(spawning)
  const response = await send(GATE + path, { headers: bearer(token) })
  expect(await outcomeOf(response)).toBe('403 forbidden')
  expect(seen).toEqual([])
})

it('refuses one that was revoked, and one that is forged as any other credential', async () => {
  const { send, spawn, application } = byNameGate()
  const { backendId, token } = await spawn(inRoom('doc-1'))
  const forged = token.slice(0, -1) + (token.endsWith('A') ? 'Q' : 'A')
  await application.revoke({ backendId })
  const open = async (text: string) =>
    outcomeOf(await send(`${GATE}/party/doc-1`, { headers: bearer(text) }))
  expect(await open(token)).toBe('401 token_revoked')
  expect(await open(forged)).toBe('401 token_malformed')
})

it('leaves other credentials to the verifiers', async () => {
  const { send, reached } = byNameGate()
  const headers = bearer(await mintToken({ sub: 'alice' }))
  const response = await send(`${GATE}/party/doc-1`, { headers })
  expect((await response.json<Seen>()).headers).toMatchObject({ 'x-verified-subject': 'alice' })
  expect(reached).toEqual([])
})

it('opens no WebSocket from a foreign page that brings cookies', async () => {
  const { send, spawn } = byNameGate({ options: { refusedUpgrades: 'status' } })
  const { token } = await spawn(inRoom('doc-1'))
  const headers = { upgrade: 'websocket', cookie: 'a=1', origin: 'https://evil.example' }
  const response = await send(`${GATE}/party/doc-1?token=${token}`, { headers })
  expect(await outcomeOf(response)).toBe('403 origin_refused')
})
