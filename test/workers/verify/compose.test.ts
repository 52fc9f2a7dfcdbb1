import { afterEach, beforeEach, expect, it, vi, type MockInstance } from 'vitest'
import { codeOf, countedGate } from '../../fixtures/counted-gate.ts'
import type { Seen } from '../../fixtures/echo-room.ts'
import { jwt, sessionService, sharedSecret, type Verifier } from '../../../src/portico.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../../support/mint-token.ts'

const SERVER = 'a-server-secret-of-more-than-thirty-two-characters'
const OTHER_KEY = new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes')

/** A custom verifier: one function. */
const badge: Verifier = (token, { now }) => {
  const [, name] = /^badge:(\w*)$/.exec(token) ?? []
  if (name === undefined) return Promise.resolve(undefined)
  if (name === '') {
    const refusal = { code: 'token_invalid', detail: 'there is no name on the badge' } as const
    return Promise.resolve({ ok: false, refusal })
  }
  const identity = {
    ...{ issuer: 'door', subject: name, username: name, session: undefined, tokenId: undefined },
    ...{ expiresAt: Math.floor(now() / 1000) + 60, claims: {}, userData: {} },
  }
  return Promise.resolve({ ok: true, value: identity })
}

/** What the session service was asked, and a verifier by it. */
function sessions() {
  const asked: (string | null)[] = []
  const service = sessionService({ form: 'identity', url: 'https://sessions.example/who' })
  const verifier: Verifier = (token, context) =>
    service(token, {
      ...context,
      fetch: (_, init) => {
        const bearer = new Headers(init?.headers).get('authorization')
        asked.push(bearer)
        if (bearer === 'Bearer outage') return Promise.reject(new Error('no route to host'))
        return Promise.resolve(Response.json(bearer === 'Bearer session-1' ? { sub: 'bob' } : null))
      },
    })
  return { asked, verifier }
}

const tokens: readonly (readonly [
  what: string,
  token: () => Promise<string> | string,
  verdict: string,
  asked: boolean,
])[] = [
  ['a JWT', () => mintToken(), `${ISSUER} alice`, false],
  ['a JWT that has expired', () => mintToken({ iat: 1, exp: 2 }), 'token_expired', false],
  ['a JWT with another signature', () => mintToken({}, { key: OTHER_KEY }), 'token_invalid', false],
  ['a JWT of nobody here', () => mintToken({ iss: 'https://x.example' }), 'token_invalid', false],
  ['the shared secret', () => SERVER, 'shared-secret server', false],
  ['the shared secret but for its end', () => SERVER.slice(0, -1), 'token_invalid', true],
  ['a session', () => 'session-1', 'https://sessions.example bob', true],
  ['a session of nobody', () => 'session-2', 'token_invalid', true],
  ['a session while the service is down', () => 'outage', 'verifier_unavailable', true],
  ['a badge', () => 'badge:carol', 'door carol', false],
  ['a badge without a name', () => 'badge:', 'token_invalid', false],
]

let log: MockInstance<typeof console.error>

beforeEach(() => {
  log = vi.spyOn(console, 'error').mockReturnValue()
})

afterEach(() => log.mockRestore())

it.for(tokens)('is decided by the first verifier that knows it: %s', async (row) => {
  const [, token, verdict, isAsked] = row
  const { asked, verifier } = sessions()
  const { send } = countedGate(
    {},
    {
      verify: [
        jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
        sharedSecret({ secrets: SERVER }),
        badge,
        verifier,
      ],
    },
  )
  const authorization = `Bearer ${await token()}`
  const response = await send('/parties/main/x', { headers: { authorization } })
  if (response.status === 200) {
    const { headers } = await response.json<Seen>()
    const { 'x-verified-issuer': issuer, 'x-verified-subject': subject } = headers
    expect(`${issuer} ${subject}`).toBe(verdict)
    expect(headers).not.toHaveProperty('authorization')
  } else {
    expect(await codeOf(response)).toBe(verdict)
  }
  expect(asked).toEqual(isAsked ? [authorization] : [])
})

it('ends where no verifier knows the token, and the room is not reached', async () => {
  const { send, reached } = countedGate({}, { verify: [sharedSecret({ secrets: SERVER }), badge] })
  const headers = { authorization: 'Bearer session-1' }
  const response = await send('/parties/main/x', { headers })
  expect([response.status, await codeOf(response)]).toEqual([401, 'token_malformed'])
  expect(reached).toEqual([])
})
