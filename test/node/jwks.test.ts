import { afterAll, beforeAll, expect, it } from 'vitest'
import { keySet } from '../support/key-set-server.ts'
import {
  answersOf,
  mintLasting,
  signingKey,
  startVerifier,
  type SigningKey,
} from '../support/start-verifier.ts'

// How often a key set (JWKS) is fetched, by whom, and how long it serves.
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

let verifier: Awaited<ReturnType<typeof startVerifier>>
let one: SigningKey
let two: SigningKey

beforeAll(async () => {
  verifier = await startVerifier()
  one = await signingKey('one')
  two = await signingKey('two')
})

afterAll(() => verifier.stop())

it('is fetched once for 20 callers at once, and not again for 20 after them', async () => {
  const issuer = verifier.addIssuer('cold', keySet([one.jwk]))
  const token = await mintLasting(issuer, one)
  expect(await answersOf(20, () => verifier.verdict(issuer, token))).toEqual(['ok'])
  expect(issuer.fetches()).toBe(1)
  for (let index = 0; index < 20; index++) {
    const another = await mintLasting(issuer, one, { index })
    expect(await verifier.verdict(issuer, another)).toBe('ok')
  }
  expect(issuer.fetches()).toBe(1)
})

it('is fetched once in 30 s for a thousand unknown keys', async () => {
  const issuer = verifier.addIssuer('unknown-kids', keySet([one.jwk]))
  const token = await mintLasting(issuer, one)
  expect(await verifier.verdict(issuer, token)).toBe('ok')
  const [, ...rest] = token.split('.')
  const ask = (kid: string, later: number) => {
    const header = JSON.stringify({ alg: 'ES256', typ: 'JWT', kid })
    const named = [Buffer.from(header).toString('base64url'), ...rest].join('.')
    return verifier.verdict(issuer, named, { later })
  }
  for (let round = 0; round < 20; round++) {
    const answers = await answersOf(50, (index) => ask(`${round}-${index}`, 29_999))
    expect(answers).toEqual(['token_invalid'])
  }
  expect(issuer.fetches()).toBe(1)
  expect(await answersOf(50, (index) => ask(`${index}`, 30_000))).toEqual(['token_invalid'])
  expect(issuer.fetches()).toBe(2)
  expect(await answersOf(50, (index) => ask(`${index}`, 59_999))).toEqual(['token_invalid'])
  expect(issuer.fetches()).toBe(2)
})

it('is fetched anew for a key that came since, by one of those who ask for it', async () => {
  const issuer = verifier.addIssuer('rotating', keySet([one.jwk]))
  const [old, fresh] = [await mintLasting(issuer, one), await mintLasting(issuer, two)]
  expect(await verifier.verdict(issuer, old)).toBe('ok')
  issuer.answerWith(keySet([one.jwk, two.jwk]))
  expect(await verifier.verdict(issuer, fresh, { later: 29_999 })).toBe('token_invalid')
  const ask = (index: number) =>
    verifier.verdict(issuer, index % 2 === 0 ? old : fresh, { later: 30_000 })
  expect(await answersOf(40, ask)).toEqual(['ok'])
  expect(issuer.fetches()).toBe(2)
})

it('refuses no one while it changes under load', async () => {
  const issuer = verifier.addIssuer('changing', keySet([one.jwk, two.jwk]))
  const steady = [await mintLasting(issuer, one), await mintLasting(issuer, one, { n: 2 })]
  const sets = [[one.jwk], [one.jwk, two.jwk], [{ ...two.jwk, kid: 'x' }, one.jwk], [one.jwk]]
  for (const [index, keys] of sets.entries()) {
    issuer.answerWith(keySet(keys))
    const later = index * 61 * MINUTE
    const ask = (nth: number) => verifier.verdict(issuer, steady[nth % 2] ?? '', { later })
    expect(await answersOf(40, ask)).toEqual(['ok'])
    expect(issuer.fetches()).toBe(index + 1)
  }
})

it('no longer accepts a key that was taken out, whatever was verified with it before', async () => {
  const issuer = verifier.addIssuer('removed', keySet([one.jwk, two.jwk]))
  const [gone, stays] = [await mintLasting(issuer, one), await mintLasting(issuer, two)]
  expect(await verifier.verdict(issuer, gone)).toBe('ok')
  expect(await verifier.verdict(issuer, stays)).toBe('ok')
  issuer.answerWith(keySet([two.jwk]))
  const later = 61 * MINUTE
  expect(await verifier.verdict(issuer, gone, { later })).toBe('token_invalid')
  expect(await verifier.verdict(issuer, stays, { later })).toBe('ok')
  expect(await verifier.verdict(issuer, gone, { later })).toBe('token_invalid')
  expect(issuer.fetches()).toBe(2)
})

it('forgets what was verified by a key once another caller has fetched a set without it', async () => {
  const issuer = verifier.addIssuer('removed-by-another', keySet([one.jwk]))
  const [known, unknown] = [await mintLasting(issuer, one), await mintLasting(issuer, two)]
  expect(await verifier.verdict(issuer, known)).toBe('ok')
  issuer.answerWith(keySet([two.jwk]))
  expect(await verifier.verdict(issuer, known, { later: 30_000 })).toBe('ok')
  expect(await verifier.verdict(issuer, unknown, { later: 30_000 })).toBe('ok')
  expect(await verifier.verdict(issuer, known, { later: 30_000 })).toBe('token_invalid')
})

it('no longer accepts a key whose name another key has got', async () => {
  const issuer = verifier.addIssuer('renamed', keySet([one.jwk]))
  const token = await mintLasting(issuer, one)
  expect(await verifier.verdict(issuer, token)).toBe('ok')
  issuer.answerWith(keySet([{ ...two.jwk, kid: 'one' }]))
  expect(await verifier.verdict(issuer, token, { later: 61 * MINUTE })).toBe('token_invalid')
})

it.for([
  { cacheControl: undefined, freshMs: 5 * MINUTE },
  { cacheControl: 'public, max-age=600', freshMs: 10 * MINUTE },
  { cacheControl: 'max-age=0', freshMs: MINUTE },
  { cacheControl: 'no-store', freshMs: 5 * MINUTE },
  { cacheControl: 'max-age=86400', freshMs: HOUR },
])('is fresh for $freshMs ms with cache-control $cacheControl', async (rule, { task }) => {
  const { cacheControl, freshMs } = rule
  const headers = cacheControl === undefined ? {} : { 'cache-control': cacheControl }
  const issuer = verifier.addIssuer(`fresh-${task.id}`, keySet([one.jwk], headers))
  const token = await mintLasting(issuer, one)
  // Lone callers wait for what they set off, so that the count is exact.
  const ask = (later: number) => verifier.verdict(issuer, token, { later, lone: true })
  expect(await ask(0)).toBe('ok')
  expect(await ask(freshMs - 1)).toBe('ok')
  expect(issuer.fetches()).toBe(1)
  expect(await ask(freshMs)).toBe('ok')
  expect(issuer.fetches()).toBe(2)
})

it('serves on when it is stale, while one of the callers fetches it', async () => {
  const issuer = verifier.addIssuer('stale', keySet([one.jwk]))
  const token = await mintLasting(issuer, one)
  expect(await verifier.verdict(issuer, token)).toBe('ok')
  const fetched = issuer.nextFetch()
  const ask = () => verifier.verdict(issuer, token, { later: HOUR - 1 })
  // These come back although the issuer has not answered.
  expect(await answersOf(20, ask)).toEqual(['ok'])
  const response = await fetched
  keySet([two.jwk])(response, response.req)
  await expect.poll(ask, { timeout: 10_000 }).toBe('token_invalid')
  expect(issuer.fetches()).toBe(2)
})

it('is waited for when it is stale and nothing may outlive the request', async () => {
  const issuer = verifier.addIssuer('stale-lone', keySet([one.jwk]))
  const token = await mintLasting(issuer, one)
  expect(await verifier.verdict(issuer, token, { lone: true })).toBe('ok')
  issuer.answerWith(keySet([two.jwk]))
  const late = verifier.verdict(issuer, token, { lone: true, later: 6 * MINUTE })
  expect(await late).toBe('token_invalid')
})

it('does not hold up those whose keys still serve, however stale', async () => {
  const issuer = verifier.addIssuer('slow', keySet([one.jwk]))
  const token = await mintLasting(issuer, one)
  expect(await verifier.verdict(issuer, token)).toBe('ok')
  const fetched = issuer.nextFetch()
  const ask = () => verifier.verdict(issuer, token, { later: 2 * HOUR })
  const first = ask()
  const response = await fetched
  // The issuer has not answered yet.
  expect(await answersOf(5, ask)).toEqual(['ok'])
  keySet([two.jwk])(response, response.req)
  expect(await first).toBe('token_invalid')
  expect(issuer.fetches()).toBe(2)
})

it('goes on to be fetched for the others when the caller who fetches hangs up', async () => {
  const issuer = verifier.addIssuer('hang-up')
  const token = await mintLasting(issuer, one)
  const fetched = issuer.nextFetch()
  const hangUp = verifier.ask(issuer, token)
  const response = await fetched
  const others = answersOf(5, () => verifier.verdict(issuer, token))
  await hangUp()
  // A round trip, after which the Worker has seen that caller leave.
  const other = verifier.addIssuer('meanwhile', keySet([one.jwk]))
  expect(await verifier.verdict(other, await mintLasting(other, one))).toBe('ok')
  keySet([one.jwk])(response, response.req)
  expect(await others).toEqual(['ok'])
  expect(issuer.fetches()).toBe(1)
})

it('is fetched by another caller after 6 s, should the one who fetches never come back', async () => {
  const issuer = verifier.addIssuer('gone')
  const token = await mintLasting(issuer, one)
  const fetched = issuer.nextFetch()
  const first = verifier.verdict(issuer, token)
  const response = await fetched
  issuer.answerWith(keySet([one.jwk]))
  expect(await verifier.verdict(issuer, token, { later: 6000 })).toBe('ok')
  expect(issuer.fetches()).toBe(2)
  response.destroy()
  expect(await first).toBe('ok')
})

it('is never looked for where a token says', async () => {
  const issuer = verifier.addIssuer('named', keySet([one.jwk]))
  const elsewhere = verifier.addIssuer('elsewhere', keySet([two.jwk]))
  const url = `${elsewhere.issuer}/.well-known/jwks.json`
  for (const header of [{ jku: url }, { x5u: url }, { jku: url, kid: undefined }]) {
    const forged = await mintLasting(issuer, two, header)
    expect(await verifier.verdict(issuer, forged)).toBe('token_invalid')
    expect(await verifier.verdict(issuer, await mintLasting(issuer, one, header))).toBe('ok')
  }
  expect(elsewhere.fetches()).toBe(0)
})
