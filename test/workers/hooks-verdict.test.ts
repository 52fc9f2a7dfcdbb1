import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codeOf, countedGate } from '../fixtures/counted-gate.ts'
import {
  TokenRefusedError,
  type AuthMode,
  type Hook,
  type RefusalCode,
  type RoomLobby,
} from '../../src/portico.ts'
import { mintToken } from '../support/mint-token.ts'

type RoomHook = Hook<RoomLobby<Cloudflare.Env>>
type Outcome = 'passes' | 'answers' | RefusalCode

beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue())
afterEach(() => void vi.restoreAllMocks())

const MODES: readonly AuthMode[] = ['required', 'optional', 'hook']

/** Hooks in JavaScript are not held by types, so each answer is tried whether or not it compiles. */
const ANSWERS: readonly [string, (request: Request) => unknown, Outcome, Outcome?][] = [
  ['the request', (request) => request, 'passes'],
  ['a new request', (request) => new Request(request), 'passes'],
  ['a response', () => new Response('stop', { status: 418 }), 'answers'],
  ['undefined', () => undefined, 'passes', 'hook_refused'],
  ['null', () => null, 'hook_refused'],
  ['false', () => false, 'hook_refused'],
  ['true', () => true, 'hook_refused'],
  ['0', () => 0, 'hook_refused'],
  ['1', () => 1, 'hook_refused'],
  ['an empty text', () => '', 'hook_refused'],
  ['an object', () => ({}), 'hook_refused'],
  ['a class', () => Request, 'hook_refused'],
  ['a promise in a list', () => [Promise.resolve(undefined)], 'hook_refused'],
  [
    'what only looks like a response',
    () => ({ status: 200, ok: true, headers: new Headers(), body: null }),
    'hook_refused',
  ],
  [
    'what only looks like a request',
    ({ url, method, headers }) => ({ url, method, headers, body: null }),
    'hook_refused',
  ],
  ['a hollow request', () => Object.create(Request.prototype) as unknown, 'gate_failed'],
  ['a hollow response', () => Object.create(Response.prototype) as unknown, 'gate_failed'],
  [
    'an error',
    () => {
      throw new Error('no')
    },
    'hook_failed',
  ],
  [
    'a thrown response',
    () => {
      throw Response.json({ welcome: true })
    },
    'hook_failed',
  ],
  [
    'a thrown undefined',
    () => {
      throw undefined
    },
    'hook_failed',
  ],
  [
    'a refused token',
    () => {
      throw new TokenRefusedError({ code: 'token_expired', detail: 'the token has expired' })
    },
    'token_expired',
  ],
]

const CASES = MODES.flatMap((auth) =>
  ANSWERS.map(([name, answer, outcome, outcomeWithoutVerifier]) => ({
    auth,
    name,
    answer,
    outcome: auth === 'hook' ? (outcomeWithoutVerifier ?? outcome) : outcome,
  })),
)

async function outcomeOf(auth: AuthMode, hook: RoomHook): Promise<string> {
  const { send, reached } = countedGate({ auth, onBeforeRequest: hook })
  const response = await send('/party/x', { headers: { authorization: await mintToken() } })
  if (response.status === 200) {
    expect(reached).toEqual(['x'])
    return 'passes'
  }
  expect(reached).toEqual([])
  return response.status === 418 ? 'answers' : codeOf(response)
}

it.for(CASES)('auth $auth: a hook that gives $name $outcome', async ({ auth, answer, outcome }) => {
  expect(await outcomeOf(auth, answer as RoomHook)).toBe(outcome)
})

it.for(CASES)(
  'auth $auth: a hook that gives a promise of $name $outcome',
  async ({ auth, answer, outcome }) => {
    const later = async (request: Request) => {
      await Promise.resolve()
      return answer(request)
    }
    expect(await outcomeOf(auth, later as RoomHook)).toBe(outcome)
  },
)

const approve: RoomHook = (request) => request
const silent: RoomHook = () => undefined

async function withBoth(gateHook: RoomHook, partyHook: RoomHook): Promise<number> {
  const { send } = countedGate(
    { auth: 'hook', onBeforeRequest: partyHook },
    { onBeforeRequest: gateHook as Hook<unknown> },
  )
  return (await send('/party/x')).status
}

describe('auth: hook', () => {
  it('refuses what has no hook at all: an approved socket is no approved request', async () => {
    const { send, reached } = countedGate({ auth: 'hook', onBeforeConnect: approve })
    const response = await send('/party/x')
    expect([response.status, await codeOf(response)]).toEqual([403, 'hook_refused'])
    expect(reached).toEqual([])
  })

  it('refuses a socket where only requests have a hook', async () => {
    const { send, reached } = countedGate({ auth: 'hook', onBeforeRequest: approve })
    const response = await send('/party/x', { headers: { upgrade: 'websocket' } })
    expect([response.status, await codeOf(response)]).toEqual([403, 'hook_refused'])
    expect(reached).toEqual([])
  })

  it("needs the gate's hook and the party's hook to approve", async () => {
    const outcomes = [
      await withBoth(approve, approve),
      await withBoth(approve, silent),
      await withBoth(silent, approve),
    ]
    expect(outcomes).toEqual([200, 403, 403])
  })

  it('needs no verifier and no credential', async () => {
    const { send } = countedGate({ auth: 'hook', onBeforeRequest: approve }, { verify: [] })
    expect((await send('/party/x')).status).toBe(200)
  })
})

describe('a hook is not asked', () => {
  it.for([
    ['required', 'without a credential', {}],
    ['required', 'with a bad credential', { authorization: 'bad' }],
    ['optional', 'with a bad credential', { authorization: 'bad' }],
    ['required', 'with two credentials', { authorization: 'Bearer a, Bearer b' }],
  ] as const)('auth %s, %s', async ([auth, , headers]) => {
    let asked = 0
    const hook: RoomHook = (request) => {
      asked += 1
      return request
    }
    const { send, reached } = countedGate({ auth, onBeforeRequest: hook, onBeforeConnect: hook })
    expect((await send('/party/x', { headers })).status).toBe(401)
    const upgrade = { ...headers, upgrade: 'websocket' }
    expect((await send('/party/x', { headers: upgrade })).status).toBe(401)
    expect([asked, reached]).toEqual([0, []])
  })
})
