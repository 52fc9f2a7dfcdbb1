import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { identityHeaders } from '../../src/identity/headers.ts'
import { identityOf } from '../../src/room.ts'
import type { Claims, Identity } from '../../src/portico.ts'

const VISIBLE_ASCII = /^[!-~](?:[ -~]*[!-~])?$/

function identity(changes: Partial<Identity> = {}): Identity {
  return {
    issuer: 'https://issuer.example',
    subject: 'alice',
    username: 'alice',
    session: undefined,
    userData: {},
    tokenId: undefined,
    expiresAt: 4_000_000_000,
    claims: {},
    ...changes,
  }
}

function headersOf(changes: Partial<Identity>): (readonly [string, string])[] {
  const result = identityHeaders(identity(changes))
  if (!result.ok) throw new Error(result.refusal.detail)
  return [...result.value]
}

function seenByRoom(changes: Partial<Identity>) {
  const headers = new Headers(headersOf(changes).map(([name, value]) => [name, value]))
  return identityOf(new Request('https://gate.example/', { headers }))
}

// Every code point but the surrogates, and none that is left out because it is rare.
const unicode = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(
      ' ',
      '%',
      '%20',
      '\t',
      '\r\n',
      '\0',
      ',',
      ';',
      '"',
      '\\',
      'é',
      '\u00a0',
      '💥',
    ),
    minLength: 1,
    maxLength: 12,
  }),
)
// RFC 8259: the same cases on every run.
const SEEDED = { seed: 8259, numRuns: 500 }

// What comes out of JSON goes in: a token's `-0` is `0` once it was written as JSON again.
const data = fc
  .dictionary(unicode, fc.jsonValue({ maxDepth: 2, stringUnit: 'binary' }), {
    maxKeys: 4,
  })
  .map((claims) => JSON.parse(JSON.stringify(claims)) as Claims)

it('gives a room exactly the text and data that the verifier proved', () => {
  fc.assert(
    fc.property(
      unicode,
      unicode,
      unicode,
      fc.option(unicode, { nil: undefined }),
      data,
      (issuer, subject, username, session, userData) => {
        const caller = { issuer, subject, username, session, userData }
        expect(seenByRoom(caller)).toEqual(caller)
      },
    ),
    SEEDED,
  )
})

it('writes only visible ASCII and inner spaces, so that no reader sees another value', () => {
  fc.assert(
    fc.property(unicode, data, (username, userData) => {
      for (const [, value] of headersOf({ username, userData })) {
        expect(value).toMatch(VISIBLE_ASCII)
      }
    }),
    SEEDED,
  )
})

it.for([
  ['alice', 'alice'],
  ['Alice Liddell', 'Alice Liddell'],
  ['100%', '100%25'],
  ['%41', '%2541'],
  ['José', 'Jos%C3%A9'],
  ['José Müller', 'Jos%C3%A9 M%C3%BCller'],
  [' alice ', '%20alice%20'],
  ['  ', '%20%20'],
  ['a\r\nx-verified-subject: root', 'a%0D%0Ax-verified-subject%3A root'],
  ['a\tb', 'a%09b'],
  ['a,b', 'a,b'],
])('writes the name %j as %s', ([username = '', header]) => {
  expect(Object.fromEntries(headersOf({ username }))['x-verified-username']).toBe(header)
  expect(seenByRoom({ username })?.username).toBe(username)
})

it('escapes data so that it is JSON in plain ASCII', () => {
  const userData = { name: 'José', 'é💥': ['\u007f', '\n'], text: '%C3' }
  const header = Object.fromEntries(headersOf({ userData }))['x-verified-user-data']
  expect(header).toBe(
    String.raw`{"name":"Jos\u00e9","\u00e9\ud83d\udca5":["\u007f","\n"],"text":"%C3"}`,
  )
})

it.for(['issuer', 'subject', 'username', 'session'] as const)(
  'refuses a lone surrogate in the %s',
  (field) => {
    for (const text of ['\ud83d', 'a\udca5', '\udca5\ud83d']) {
      const result = identityHeaders(identity({ [field]: text }))
      expect(result).toMatchObject({ ok: false, refusal: { code: 'token_invalid' } })
    }
  },
)

it('leaves out a session that there is not', () => {
  expect(headersOf({}).map(([name]) => name)).not.toContain('x-verified-session')
  expect(seenByRoom({})?.session).toBeUndefined()
})

it('accepts headers of 8 KiB together and refuses one byte more, naming the largest', () => {
  const room =
    8192 -
    headersOf({ userData: { a: '' } })
      .join('')
      .replaceAll(',', '').length
  const fits = headersOf({ userData: { a: 'n'.repeat(room) } })
  expect(fits.reduce((sum, [name, value]) => sum + name.length + value.length, 0)).toBe(8192)
  const result = identityHeaders(identity({ userData: { a: 'n'.repeat(room + 1) } }))
  expect(result).toMatchObject({ ok: false, refusal: { code: 'request_malformed' } })
  expect(JSON.stringify(result)).toContain('8193 of 8192')
  expect(JSON.stringify(result)).toContain('x-verified-user-data')
})

it.for(['x-verified-subject', 'x-verified-issuer', 'x-verified-username', 'x-verified-user-data'])(
  'tells a room that nobody is there where %s is missing',
  (missing) => {
    const kept = headersOf({}).filter(([name]) => name !== missing)
    const headers = new Headers(kept.map(([name, value]) => [name, value]))
    expect(identityOf(new Request('https://gate.example/', { headers }))).toBeUndefined()
  },
)
