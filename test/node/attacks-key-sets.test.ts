import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  keySet,
  startKeySetServer,
  type Answer,
  type TestIssuer,
} from '../support/key-set-server.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { mintLasting, signingKey, type SigningKey } from '../support/start-verifier.ts'

// An issuer's web server at its worst, seen by those who come to the gate: nobody is let in by a key
// that is not the issuer's, nobody is signed out by an outage, and the issuer is not flooded.

const CALLERS = 20
const BEGINNING = Date.UTC(2040, 0)
const MINUTE = 60_000
const JSON_TYPE = { 'content-type': 'application/json' }

const FAULTS: Readonly<Record<string, Answer>> = {
  down: (response) => void response.destroy(),
  failing: (response) => void response.writeHead(503, JSON_TYPE).end(keys(one)),
  hanging: () => undefined,
  stalling: (response) => void response.writeHead(200, JSON_TYPE).write('{"keys":['),
  truncated: cutShort,
  huge: (response) => void response.writeHead(200, JSON_TYPE).end(keys(one).padEnd(10 * 2 ** 20)),
  redirecting: (response) =>
    void response.writeHead(302, { location: '/trap/.well-known/jwks.json' }).end(),
  mistyped: (response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end(keys(one)),
}

let one: SigningKey
let two: SigningKey
let forger: SigningKey
let server: Awaited<ReturnType<typeof startKeySetServer>>
let worker: ServedWorker
let trap: TestIssuer
let issuers: Readonly<Record<string, TestIssuer>>

beforeAll(async () => {
  server = await startKeySetServer()
  one = await signingKey('one')
  two = await signingKey('two')
  // Of the same name, as everyone can call a key of theirs.
  forger = await signingKey('one')
  trap = server.addIssuer('trap', keySet([forger.jwk]))
  const names = [...Object.keys(FAULTS), 'slow', 'rotating']
  issuers = Object.fromEntries(names.map((name) => [name, server.addIssuer(name)]))
  worker = await serveWorker({
    entry: 'test/fixtures/attack-key-sets.ts',
    rooms: { ECHO_ROOM: 'EchoRoom' },
    vars: { ISSUERS: JSON.stringify(Object.values(issuers).map(({ issuer }) => issuer)) },
  })
})

afterAll(async () => {
  await worker.stop()
  await server.stop()
})

function issuerCalled(name: string): TestIssuer {
  const issuer = issuers[name]
  if (issuer === undefined) throw new Error(`there is no issuer ${name}`)
  return issuer
}

/** Puts the gate's clock for one issuer to so many milliseconds after the beginning. */
async function at(later: number, { issuer }: TestIssuer): Promise<void> {
  const query = new URLSearchParams({ issuer, at: String(BEGINNING + later) })
  await fetch(`${worker.origin}/clock?${query}`)
}

/** The statuses that many callers with one token get at once. */
async function statusesOf(token: string): Promise<readonly number[]> {
  const headers = { authorization: `Bearer ${token}` }
  const ask = () => fetch(`${worker.origin}/parties/main/x`, { headers })
  const answers = await Promise.all(Array.from({ length: CALLERS }, ask))
  await Promise.all(answers.map((answer) => answer.text()))
  return [...new Set(answers.map(({ status }) => status))]
}

it.concurrent.for(Object.entries(FAULTS))(
  'lets nobody in and signs nobody out while it is %s',
  async ([name, fault], context) => {
    const issuer = issuerCalled(name)
    const tokens = [await mintLasting(issuer, one), await mintLasting(issuer, forger)]
    const ask = () => Promise.all(tokens.map(statusesOf))

    issuer.answerWith(fault)
    await at(0, issuer)
    context.expect(await ask()).toEqual([[503], [503]])
    context.expect(issuer.fetches()).toBe(1)

    issuer.answerWith(keySet([one.jwk]))
    await at(1250, issuer)
    context.expect(await ask()).toEqual([[200], [401]])
    context.expect(issuer.fetches()).toBe(2)

    // The last keys serve on, for a day.
    issuer.answerWith(fault)
    await at(2 * 60 * MINUTE, issuer)
    context.expect(await ask()).toEqual([[200], [401]])
    context.expect(issuer.fetches()).toBe(3)
    context.expect(trap.fetches()).toBe(0)
  },
)

it('has callers wait while it is slow, and fetches once for all of them', async () => {
  const issuer = issuerCalled('slow')
  await at(0, issuer)
  const fetched = issuer.nextFetch()
  const [good, forged] = [await mintLasting(issuer, one), await mintLasting(issuer, forger)]
  const answers = Promise.all([statusesOf(good), statusesOf(forged)])
  const response = await fetched
  expect((await fetch(`${worker.origin}/_portico/health`)).status).toBe(200)
  keySet([one.jwk])(response, response.req)
  expect(await answers).toEqual([[200], [401]])
  expect(issuer.fetches()).toBe(1)
})

it('may rotate under load: each key lets in while it is published, and no longer', async () => {
  const issuer = issuerCalled('rotating')
  const steady = await signingKey('steady')
  const keysOver = [[one, steady], [one, two, steady], [two, steady], [steady, two], [steady]]
  for (const [round, published] of keysOver.entries()) {
    issuer.answerWith(keySet(published.map(({ jwk }) => jwk)))
    // Past the hour in which old keys may serve while new ones are fetched.
    await at(round * 61 * MINUTE, issuer)
    const tokens = await Promise.all(
      [steady, one, two, forger].map((key) => mintLasting(issuer, key, { round })),
    )
    const underLoad = await Promise.all(tokens.map(statusesOf))
    const settled = await Promise.all(tokens.map(statusesOf))
    const expected = [
      [200],
      [published.includes(one) ? 200 : 401],
      [published.includes(two) ? 200 : 401],
      [401],
    ]
    expect(settled).toEqual(expected)
    // Until the new set is there, others go on with the old one; so far a key that was taken out
    // may let in, and nothing else is different.
    for (const [index, statuses] of underLoad.entries()) {
      if (expected[index]?.[0] === 200 || index === 3) expect(statuses).toEqual(expected[index])
    }
    expect(issuer.fetches()).toBe(round + 1)
  }
})

function keys({ jwk }: SigningKey): string {
  return JSON.stringify({ keys: [jwk] })
}

function cutShort(response: ServerResponse): void {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': '9999' })
  response.write(keys(one), () => response.destroy())
}
