import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySet, type Answer } from '../support/key-set-server.ts'
import {
  answersOf,
  mintLasting,
  signingKey,
  startVerifier,
  type SigningKey,
} from '../support/start-verifier.ts'

// What a key set (JWKS) that cannot be had means for those who ask, and for the issuer's server.

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const JSON_TYPE = { 'content-type': 'application/json' }

let verifier: Awaited<ReturnType<typeof startVerifier>>
let one: SigningKey
let two: SigningKey

beforeAll(async () => {
  verifier = await startVerifier()
  one = await signingKey('one')
  two = await signingKey('two')
})

afterAll(() => verifier.stop())

describe('is an outage, from which it comes back', () => {
  it.for<[name: string, answer: Answer]>([
    ['status 500', (response) => void response.writeHead(500, JSON_TYPE).end(good())],
    ['status 404', (response) => void response.writeHead(404, JSON_TYPE).end(good())],
    ['status 203', (response) => void response.writeHead(203, JSON_TYPE).end(good())],
    ['status 304', (response) => void response.writeHead(304, JSON_TYPE).end()],
    ['a redirect', redirect(302)],
    ['a permanent redirect', redirect(308)],
    ['text/html', answer(good, 'text/html')],
    ['text/plain', answer(good, 'text/plain; application/json')],
    ['application/json-seq', answer(good, 'application/json-seq')],
    ['no content type', (response) => void response.writeHead(200).end(good())],
    ['no JSON', answer(() => '<html></html>')],
    ['nothing', answer(() => '')],
    ['null', answer(() => 'null')],
    ['an array', answer(() => `[${good()}]`)],
    ['a text', answer(() => '"keys"')],
    ['no keys', answer(() => '{}')],
    ['keys that are no list', answer(() => '{"keys":{"0":{}}}')],
    ['33 keys', answer(() => `{"keys":[${Array(33).fill(JSON.stringify(one.jwk)).join()}]}`)],
    ['invalid UTF-8', answer(() => Buffer.from(`${good().slice(0, -1)},"x":"\xff"}`, 'latin1'))],
    ['more than 64 KiB', answer(() => good().padEnd(65_537))],
    ['10 MiB', answer(() => good().padEnd(10 * 1024 * 1024))],
    ['a body cut short', cutShort],
    ['a reset', (response) => void response.destroy()],
  ])('%s', async ([name, faulty]) => {
    const other = verifier.addIssuer('other', answer(good))
    const issuer = verifier.addIssuer(encodeURIComponent(name), faulty)
    const token = await mintLasting(issuer, one)
    expect(await verifier.verdict(issuer, token)).toBe('verifier_unavailable')
    expect(other.fetches()).toBe(0)
    issuer.answerWith(answer(good))
    expect(await verifier.verdict(issuer, token, { later: 999 })).toBe('verifier_unavailable')
    expect(issuer.fetches()).toBe(1)
    expect(await verifier.verdict(issuer, token, { later: 1250 })).toBe('ok')
    expect(issuer.fetches()).toBe(2)
  })
})

describe('is none', () => {
  it.for<[name: string, answer: Answer]>([
    ['application/json with a charset', answer(good, 'application/json; charset=utf-8')],
    ['application/jwk-set+json', answer(good, 'application/jwk-set+json')],
    ['another case', answer(good, 'Application/JSON ;q=1')],
    ['exactly 64 KiB', answer(() => good().padEnd(65_536))],
    ['a byte order mark', answer(() => `\uFEFF${good()}`)],
    ['an answer in pieces', inPieces],
  ])('%s', async ([name, faultless]) => {
    const issuer = verifier.addIssuer(encodeURIComponent(name), faultless)
    expect(await verifier.verdict(issuer, await mintLasting(issuer, one))).toBe('ok')
  })
})

describe('hangs, and everyone who waits is told so after 5 s', () => {
  it.concurrent.for<[name: string, answer: Answer]>([
    ['before its headers', () => undefined],
    ['within its body', (response) => void response.writeHead(200, JSON_TYPE).write('{"keys":[')],
    ['byte by byte', drip],
  ])('%s', async ([name, hanging], context) => {
    const issuer = verifier.addIssuer(encodeURIComponent(name), hanging)
    const token = await mintLasting(issuer, one)
    const answers = await answersOf(5, () => verifier.verdict(issuer, token))
    context.expect(answers).toEqual(['verifier_unavailable'])
    context.expect(issuer.fetches()).toBe(1)
  })
})

it('is tried again after 1, 2, 4 … 60 s and some jitter, by one caller each time', async () => {
  const issuer = verifier.addIssuer('back-off', (response) => void response.destroy())
  const token = await mintLasting(issuer, one)
  const ask = (later: number) => answersOf(5, () => verifier.verdict(issuer, token, { later }))
  let later = 0
  let attempts = 0
  for (const pause of [1000, 2000, 4000, 8000, 16_000, 32_000, MINUTE, MINUTE]) {
    expect(await ask(later)).toEqual(['verifier_unavailable'])
    attempts += 1
    expect(issuer.fetches()).toBe(attempts)
    expect(await ask(later + pause - 1)).toEqual(['verifier_unavailable'])
    expect(issuer.fetches()).toBe(attempts)
    later += pause * 1.25
  }
  issuer.answerWith(answer(good))
  expect(await ask(later)).toEqual(['ok'])
  expect(issuer.fetches()).toBe(attempts + 1)
})

it('is tried anew after 1 s again once it was had in between', async () => {
  const issuer = verifier.addIssuer('again', (response) => void response.destroy())
  const token = await mintLasting(issuer, one)
  const ask = (later: number) => verifier.verdict(issuer, token, { later })
  expect(await ask(0)).toBe('verifier_unavailable')
  expect(await ask(1250)).toBe('verifier_unavailable')
  issuer.answerWith(answer(good))
  expect(await ask(5000)).toBe('ok')
  issuer.answerWith((response) => void response.destroy())
  expect(await ask(25 * HOUR)).toBe('verifier_unavailable')
  issuer.answerWith(answer(good))
  expect(await ask(25 * HOUR + 1250)).toBe('ok')
})

it('leaves the keys of the last one in service for a day, and no longer', async () => {
  const issuer = verifier.addIssuer('down', answer(good))
  const [known, unknown] = [await mintLasting(issuer, one), await mintLasting(issuer, two)]
  expect(await verifier.verdict(issuer, known)).toBe('ok')
  issuer.answerWith((response) => void response.destroy())
  for (const later of [6 * MINUTE, 2 * HOUR, 24 * HOUR - 1]) {
    const another = await mintLasting(issuer, one, { later })
    expect(await verifier.verdict(issuer, known, { later })).toBe('ok')
    expect(await verifier.verdict(issuer, another, { later })).toBe('ok')
    expect(await verifier.verdict(issuer, unknown, { later })).toBe('verifier_unavailable')
  }
  const later = 24 * HOUR
  expect(await verifier.verdict(issuer, known, { later })).toBe('verifier_unavailable')
  issuer.answerWith((response) => keySet([one.jwk, two.jwk])(response, response.req))
  expect(await verifier.verdict(issuer, known, { later: 25 * HOUR })).toBe('ok')
  expect(await verifier.verdict(issuer, unknown, { later: 25 * HOUR })).toBe('ok')
})

it('does not make an unknown key an invalid token, which would sign people out', async () => {
  const issuer = verifier.addIssuer('unknown', answer(good))
  const [known, unknown] = [await mintLasting(issuer, one), await mintLasting(issuer, two)]
  const ask = (token: string, later: number) => verifier.verdict(issuer, token, { later })
  expect(await ask(known, 0)).toBe('ok')
  issuer.answerWith((response) => void response.destroy())
  expect(await ask(unknown, 30_000)).toBe('verifier_unavailable')
  expect(await ask(unknown, 59_999)).toBe('verifier_unavailable')
  expect(await ask(known, 59_999)).toBe('ok')
  expect(issuer.fetches()).toBe(2)
  issuer.answerWith(answer(good))
  expect(await ask(unknown, 60_000)).toBe('token_invalid')
  expect(issuer.fetches()).toBe(3)
})

it('is a 503 with a time to come back, from the gate', async () => {
  const { gateIssuer: issuer, origin } = verifier
  issuer.answerWith((response) => void response.destroy())
  const authorization = `Bearer ${await mintLasting(issuer, one)}`
  const enter = () => fetch(`${origin}/parties/echo/lobby`, { headers: { authorization } })
  const refused = await enter()
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(refused.headers.get('www-authenticate')).toBeNull()
  expect(await refused.json()).toMatchObject({ code: 'verifier_unavailable' })
  issuer.answerWith(answer(good))
  await expect.poll(async () => (await enter()).status, { timeout: 10_000 }).toBe(200)
})

function good(): string {
  return JSON.stringify({ keys: [one.jwk] })
}

/** @param body made when it is asked for, since the keys are not there when a table is written */
function answer(body: () => string | Buffer, type = 'application/json'): Answer {
  return (response) => void response.writeHead(200, { 'content-type': type }).end(body())
}

function redirect(status: number): Answer {
  const location = '/other/.well-known/jwks.json'
  return (response) => void response.writeHead(status, { ...JSON_TYPE, location }).end(good())
}

function cutShort(response: ServerResponse): void {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': '9999' })
  response.write(good(), () => response.destroy())
}

function inPieces(response: ServerResponse): void {
  response.writeHead(200, JSON_TYPE).write(good().slice(0, 40), () => {
    response.end(good().slice(40))
  })
}

function drip(response: ServerResponse): void {
  response.writeHead(200, JSON_TYPE)
  const timer = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(timer))
}
