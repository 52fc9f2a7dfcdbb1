import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { identityIn } from '../support/seen-through-gate.ts'
import {
  serveConnections,
  type ConnectAnswer,
  type ConnectionGate,
} from '../support/serve-connections.ts'

let gate: ConnectionGate
beforeAll(async () => {
  // What a gate remembers by default; the fixture's own remembers nothing.
  gate = await serveConnections({ rememberSeconds: 5 })
})
afterAll(() => gate.stop())

const CALLS = Array.from({ length: 1000 }, (_, index) => index)
// A thousand calls take longer than a test may by default, where the machine has other work.
const LONG = { timeout: 60_000 }

/** Who the backend is told is there, the second time by what the gate remembers of the first. */
async function seenTwice({ token }: ConnectAnswer): Promise<Record<string, string>[]> {
  const identities: Record<string, string>[] = []
  for (const path of [`/${token}/1`, `/${token}/2`]) {
    const response = await fetch(gate.url(path))
    expect(response.status).toBe(200)
    identities.push(identityIn(((await response.json()) as SeenWithBody).cgi))
  }
  return identities
}

it(
  'gives every one of 1,000 callers at once a token of its own, to one backend',
  LONG,
  async () => {
    const connected = await Promise.all(
      CALLS.map((n) => gate.connect({ key: { name: 'many' }, user: `user-${n}`, auth: { n } })),
    )
    const [backendId, ...others] = new Set(connected.map(({ backend_id }) => backend_id))
    expect(others).toEqual([])
    expect(connected.filter(({ spawned }) => spawned)).toHaveLength(1)
    expect(new Set(connected.map(({ token }) => token)).size).toBe(CALLS.length)

    // Each of them holds two sockets of the gate, so they go a hundred at a time.
    for (let from = 0; from < connected.length; from += 100) {
      const some = connected.slice(from, from + 100)
      const identities = some.map(({ token, secret_token }, index) =>
        ['1', '2'].map((path) => ({
          HTTP_X_VERIFIED_USERNAME: `user-${from + index}`,
          HTTP_X_VERIFIED_USER_DATA: `{"n":${from + index}}`,
          HTTP_X_VERIFIED_PATH: `/${token}/${path}`,
          HTTP_X_VERIFIED_BACKEND: backendId,
          HTTP_X_VERIFIED_SECRET: secret_token,
        })),
      )
      expect(await Promise.all(some.map(seenTwice))).toEqual(identities)
    }
  },
)

it('lets one of 1,000 uses at once in with a token for one use', LONG, async () => {
  const { token } = await gate.connect({ max_uses: 1 })
  const responses = await Promise.all(CALLS.map(() => fetch(gate.url(`/${token}/`))))
  const answers = await Promise.all(
    responses.map(async (response) => {
      const { code } = (await response.json()) as { readonly code?: string }
      return `${response.status} ${code ?? 'let in'}`
    }),
  )
  expect(answers.toSorted()).toEqual([
    '200 let in',
    ...Array.from({ length: CALLS.length - 1 }, () => '410 token_revoked'),
  ])
})
