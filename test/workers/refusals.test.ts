import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { createGate, jwt, type GateVariables } from '../../src/portico.ts'
import { closeOf, codeOf, countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'

const UPGRADE = { upgrade: 'websocket' }
const PAGE = { origin: 'https://app.example.com' }

it.for([
  ['auto', {}, 401],
  ['auto', PAGE, 101],
  ['close', {}, 101],
  ['close', PAGE, 101],
  ['status', {}, 401],
  ['status', PAGE, 401],
] as const)(
  'tells a refused upgrade by the mode %s with the headers %o as %i',
  async ([refusedUpgrades, headers, status]) => {
    const { send } = countedGate({}, { refusedUpgrades })
    const response = await send('/parties/main/x', { headers: { ...UPGRADE, ...headers } })
    expect(response.status).toBe(status)
    if (status === 101) expect((await closeOf(response)).code).toBe(4401)
    else expect(await codeOf(response)).toBe('credential_missing')
  },
)

it.for(['close', 'auto', 'status'] as const)(
  'never accepts a socket for a request that asked for none: %s',
  async (refusedUpgrades) => {
    const { send } = countedGate({}, { refusedUpgrades })
    for (const headers of [
      PAGE,
      { ...PAGE, upgrade: 'h2c' },
      { ...PAGE, upgrade: 'websocket, h2c' },
      { ...PAGE, 'sec-websocket-protocol': 'chat' },
    ]) {
      expect((await send('/parties/main/x', { headers })).status).toBe(401)
    }
  },
)

it('refuses an upgrade that is no GET', async () => {
  const { send, reached } = countedGate()
  const headers = { ...UPGRADE, authorization: await mintToken() }
  const response = await send('/parties/main/x', { method: 'POST', headers })
  expect(await codeOf(response)).toBe('request_malformed')
  expect(reached).toEqual([])
})

it.for([
  [401, 4403, 'hook_refused'],
  [500, 1013, 'hook_failed'],
] as const)(
  'closes a page’s socket, whose page could not see the status %i of a hook, with %i',
  async ([status, close, code]) => {
    const { send, reached } = countedGate({ onBeforeConnect: () => new Response('', { status }) })
    const headers = { ...UPGRADE, ...PAGE, authorization: await mintToken() }
    const closed = await closeOf(await send('/parties/main/x', { headers }))
    expect(closed.code).toBe(close)
    expect(closed.reason).toBe(JSON.stringify({ code }))
    expect(reached).toEqual([])
  },
)

it('tells the app around it who was let through, or why not', async () => {
  const gate = createGate<Cloudflare.Env>({
    verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
    rooms: { main: { binding: 'ECHO_ROOM' } },
  })
  const told: GateVariables[] = []
  const app = new Hono<{ Bindings: Cloudflare.Env; Variables: GateVariables }>()
    .use(async (c, next) => {
      await next()
      told.push({ ...c.var })
    })
    .route('/', gate)
  const ask = async (headers: Record<string, string>) =>
    app.fetch(new Request(`${ORIGIN}/parties/main/x`, { headers }), env, createExecutionContext())
  await ask({})
  await ask({ authorization: await mintToken() })
  expect(told[0]).toEqual({
    refusal: { code: 'credential_missing', detail: 'a credential is needed here' },
  })
  expect(told[1]?.identity).toMatchObject({ subject: 'alice', issuer: ISSUER })
  expect(told[1]?.refusal).toBeUndefined()
})
