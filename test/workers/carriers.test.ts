import { expect, it } from 'vitest'
import type { CarrierOptions } from '../../src/portico.ts'
import { closeOf, codeOf, countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { filled, filledHeaders } from '../fixtures/filled-tokens.ts'
import { mintToken } from '../support/mint-token.ts'

const UPGRADE = { upgrade: 'websocket' }

async function subjectSeen(response: Response): Promise<string | undefined> {
  expect(response.status).toBe(200)
  const { headers } = await response.json<Seen>()
  return headers['x-verified-subject']
}

interface Case {
  readonly name: string
  readonly search?: string
  readonly headers?: Readonly<Record<string, string>>
}

const accepted: readonly Case[] = [
  { name: 'Bearer', headers: { authorization: 'Bearer $T' } },
  { name: 'bearer', headers: { authorization: 'bearer $T' } },
  { name: 'BEARER', headers: { authorization: 'BEARER $T' } },
  { name: 'two spaces', headers: { authorization: 'Bearer  $T' } },
  { name: 'the bare token of PartyKit', headers: { authorization: '$T' } },
  { name: 'the same header twice', headers: { authorization: 'Bearer $T, Bearer $T' } },
  { name: 'a query parameter', search: '?token=$T' },
  { name: 'a query parameter among others', search: '?a=1&token=$T&b=2' },
  { name: 'the same query parameter twice', search: '?token=$T&token=$T' },
  { name: 'a query parameter with an encoded name', search: '?%74oken=$T' },
  { name: 'a query parameter beside an empty one', search: '?token=&token=$T' },
  { name: 'a cookie', headers: { cookie: '__session=$T' } },
  { name: 'a cookie among others', headers: { cookie: 'a=1; __session=$T; b=2' } },
  { name: 'a cookie without the usual space', headers: { cookie: 'a=1;__session=$T;b=2' } },
  {
    name: 'a cookie with blanks that most readers trim',
    headers: { cookie: 'a=1; __session = $T; b=2' },
  },
  {
    name: 'a cookie beside one whose value has an equals sign',
    headers: { cookie: 'a=__session=1; __session=$T' },
  },
  { name: 'a subprotocol', headers: { 'sec-websocket-protocol': 'portico.bearer.$T, chat' } },
  {
    name: 'a subprotocol after the application’s',
    headers: { 'sec-websocket-protocol': 'chat,portico.bearer.$T' },
  },
]

it.for(accepted)('finds the credential in $name', async ({ search = '', headers = {} }) => {
  const { send } = countedGate()
  const response = await send(`/parties/main/x${await filled(search)}`, {
    headers: await filledHeaders(headers),
  })
  expect(await subjectSeen(response)).toBe('alice')
})

const refused: readonly (Case & { readonly code: string })[] = [
  { name: 'Basic', headers: { authorization: 'Basic $T' }, code: 'token_malformed' },
  { name: 'Bearer alone', headers: { authorization: 'Bearer' }, code: 'token_malformed' },
  {
    name: 'an empty Authorization header',
    headers: { authorization: '' },
    code: 'token_malformed',
  },
  {
    name: 'Bearer and two words',
    headers: { authorization: 'Bearer $T $T' },
    code: 'token_malformed',
  },
  {
    name: 'Bearer twice over',
    headers: { authorization: 'Bearer Bearer $T' },
    code: 'token_malformed',
  },
  {
    name: 'Bearer and Basic',
    headers: { authorization: 'Bearer $T, Basic eA==' },
    code: 'token_malformed',
  },
  { name: 'a comma at the end', headers: { authorization: 'Bearer $T,' }, code: 'token_malformed' },
  {
    name: 'two Authorization headers',
    headers: { authorization: 'Bearer $T, Bearer $U' },
    code: 'credential_ambiguous',
  },
  { name: 'two query parameters', search: '?token=$T&token=$U', code: 'credential_ambiguous' },
  {
    name: 'two query parameters, one encoded',
    search: '?token=$T&tok%65n=$U',
    code: 'credential_ambiguous',
  },
  {
    name: 'two cookies',
    headers: { cookie: '__session=$T; __session=$U' },
    code: 'credential_ambiguous',
  },
  {
    name: 'two cookies, one with blanks',
    headers: { cookie: '__session=$T; __session =$U' },
    code: 'credential_ambiguous',
  },
  {
    name: 'two subprotocols',
    headers: { 'sec-websocket-protocol': 'chat, portico.bearer.$T, portico.bearer.$U' },
    code: 'credential_ambiguous',
  },
  {
    name: 'a subprotocol alone',
    headers: { 'sec-websocket-protocol': 'portico.bearer.$T' },
    code: 'request_malformed',
  },
  {
    name: 'a subprotocol beside an empty one',
    headers: { 'sec-websocket-protocol': 'portico.bearer.$T, ,' },
    code: 'request_malformed',
  },
  { name: 'a quoted cookie', headers: { cookie: '__session="$T"' }, code: 'token_invalid' },
  {
    name: 'two Cookie headers in one',
    headers: { cookie: '__session=$T, __session=$U' },
    code: 'token_malformed',
  },
  { name: 'no credential', code: 'credential_missing' },
  { name: 'an empty parameter', search: '?token=', code: 'credential_missing' },
  { name: 'a parameter without a value', search: '?token', code: 'credential_missing' },
  { name: 'a parameter in other case', search: '?Token=$T', code: 'credential_missing' },
  {
    name: 'a parameter whose name only begins so',
    search: '?token2=$T',
    code: 'credential_missing',
  },
  { name: 'an empty cookie', headers: { cookie: '__session=' }, code: 'credential_missing' },
  {
    name: 'a cookie without a value',
    headers: { cookie: '__session' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie behind a no-break space',
    headers: { cookie: 'a=1; \u00a0__session=$T' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie behind an en quad',
    headers: { cookie: '\u2000__session=$T' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie without a name',
    headers: { cookie: '=__session=$T' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie with an encoded name',
    headers: { cookie: '__sessio%6e=$T' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie with an encoded equals sign',
    headers: { cookie: '__session%3d$T' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie in other case',
    headers: { cookie: '__SESSION=$T' },
    code: 'credential_missing',
  },
  {
    name: 'a cookie whose name only begins so',
    headers: { cookie: '__session2=$T; x__session=$T' },
    code: 'credential_missing',
  },
  {
    name: 'an empty credential subprotocol',
    headers: { 'sec-websocket-protocol': 'portico.bearer., chat' },
    code: 'credential_missing',
  },
]

it.for(refused)('refuses $name as $code', async ({ search = '', headers = {}, code }) => {
  const { send, reached } = countedGate()
  const response = await send(`/parties/main/x${await filled(search)}`, {
    headers: await filledHeaders(headers),
  })
  expect(await codeOf(response)).toBe(code)
  expect(reached).toEqual([])
})

it.for(['Basic eA==', 'Bearer', 'Bearer abc', ''])(
  'never falls back to another carrier from the Authorization header %j',
  async (authorization) => {
    const { send, reached } = countedGate({ auth: 'optional' })
    const headers = { authorization, cookie: await filled('__session=$T') }
    const response = await send(await filled('/parties/main/x?token=$T'), { headers })
    expect(await codeOf(response)).toBe('token_malformed')
    expect(reached).toEqual([])
  },
)

it('takes Authorization before the query, the query before the subprotocol, and the cookie last', async () => {
  const { send } = countedGate()
  const [a, q, s, c] = await Promise.all(['a', 'q', 's', 'c'].map((sub) => mintToken({ sub })))
  const all = {
    authorization: `Bearer ${a}`,
    'sec-websocket-protocol': `chat, portico.bearer.${s}`,
    cookie: `__session=${c}`,
  }
  const { authorization: _, ...withoutHeader } = all
  const { cookie } = all
  expect(await subjectSeen(await send(`/parties/main/x?token=${q}`, { headers: all }))).toBe('a')
  expect(
    await subjectSeen(await send(`/parties/main/x?token=${q}`, { headers: withoutHeader })),
  ).toBe('q')
  expect(await subjectSeen(await send('/parties/main/x', { headers: withoutHeader }))).toBe('s')
  expect(await subjectSeen(await send('/parties/main/x', { headers: { cookie } }))).toBe('c')
})

it.for<[CarrierOptions, Case]>([
  [{ query: false }, { name: 'query', search: '?token=$T' }],
  [{ query: 'jwt' }, { name: 'query', search: '?token=$T' }],
  [{ cookie: false }, { name: 'cookie', headers: { cookie: '__session=$T' } }],
  [{ cookie: 'id' }, { name: 'cookie', headers: { cookie: '__session=$T' } }],
  [{ authorization: false }, { name: 'authorization', headers: { authorization: 'Bearer $T' } }],
  [
    { subprotocol: false },
    { name: 'subprotocol', headers: { 'sec-websocket-protocol': 'chat, portico.bearer.$T' } },
  ],
])(
  'does not look at a carrier that is off or has another name: %o',
  async ([carriers, { search = '', headers = {} }]) => {
    for (const { send } of [countedGate({ carriers }), countedGate({}, { carriers })]) {
      const response = await send(`/parties/main/x${await filled(search)}`, {
        headers: await filledHeaders(headers),
      })
      expect(await codeOf(response)).toBe('credential_missing')
    }
  },
)

it('lets a party change one carrier and keep the gate’s others', async () => {
  const { send } = countedGate(
    { carriers: { query: 'jwt' } },
    { carriers: { cookie: 'id', query: 'q' } },
  )
  expect(await subjectSeen(await send(await filled('/parties/main/x?jwt=$T')))).toBe('alice')
  const headers = { cookie: await filled('id=$T') }
  expect(await subjectSeen(await send('/parties/main/x', { headers }))).toBe('alice')
  expect(await codeOf(await send(await filled('/parties/main/x?q=$T')))).toBe('credential_missing')
})

it('lets an optional caller without a credential go on as nobody, and refuses one with a bad credential', async () => {
  const { send, reached } = countedGate({ auth: 'optional' })
  expect(await subjectSeen(await send('/parties/main/x'))).toBeUndefined()
  expect(await subjectSeen(await send('/parties/main/x?token='))).toBeUndefined()
  expect(await subjectSeen(await send(await filled('/parties/main/x?token=$T')))).toBe('alice')
  expect(await codeOf(await send('/parties/main/x?token=abc'))).toBe('token_malformed')
  const expired = await mintToken({ iat: 1_600_000_000, exp: 1_600_000_060 })
  expect(await codeOf(await send(`/parties/main/x?token=${expired}`))).toBe('token_expired')
  expect(reached).toHaveLength(3)
})

it('opens a socket with each carrier and echoes the protocol of the application, never the token', async () => {
  const { send } = countedGate()
  const token = await mintToken()
  const carried = [
    [`?token=${token}`, {}],
    ['', { authorization: token }],
    ['', { cookie: `__session=${token}`, origin: ORIGIN }],
    ['', { 'sec-websocket-protocol': `portico.bearer.${token}, chat, v2.chat` }],
  ] as const
  for (const [search, credential] of carried) {
    const response = await send(`/parties/main/x${search}`, {
      headers: { ...UPGRADE, ...credential },
    })
    expect(response.status).toBe(101)
    const echoed = 'sec-websocket-protocol' in credential ? 'chat' : null
    expect(response.headers.get('sec-websocket-protocol')).toBe(echoed)
    response.webSocket?.accept()
    response.webSocket?.close()
  }
})

it('echoes the protocol of the application also on a socket that it closes at once', async () => {
  const { send } = countedGate()
  const headers = {
    ...UPGRADE,
    origin: ORIGIN,
    'sec-websocket-protocol': 'portico.bearer.abc, chat',
  }
  const response = await send('/parties/main/x', { headers })
  expect(response.headers.get('sec-websocket-protocol')).toBe('chat')
  expect((await closeOf(response)).code).toBe(4401)
})
