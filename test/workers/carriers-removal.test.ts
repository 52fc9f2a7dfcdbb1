import { expect, it } from 'vitest'
import type { CarrierOptions } from '../../src/portico.ts'
import { countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { filled, filledHeaders } from '../fixtures/filled-tokens.ts'
import { mintToken } from '../support/mint-token.ts'

interface Removal {
  readonly name: string
  readonly carriers?: CarrierOptions
  readonly search?: readonly [sent: string, forwarded: string]
  readonly headers?: Readonly<
    Record<string, readonly [sent: string, forwarded: string | undefined]>
  >
}

const AUTHORIZED = { authorization: ['Bearer $U', undefined] } as const

const removals: readonly Removal[] = [
  { name: 'Authorization', headers: AUTHORIZED },
  { name: 'the query', search: ['?token=$T', ''] },
  {
    name: 'the query beside other parameters',
    search: ['?a=%7e+1&token=$T&&b=%zz&=', '?a=%7e+1&&b=%zz&='],
  },
  { name: 'the query under an encoded name', search: ['?%74%6Fken=$T&a', '?a'] },
  {
    name: 'the query although another carrier won',
    headers: AUTHORIZED,
    search: ['?token=$T&token=$U&b', '?b'],
  },
  {
    name: 'the query, empty parameters too',
    headers: AUTHORIZED,
    search: ['?token&a=1&token=', '?a=1'],
  },
  {
    name: 'a query that holds none',
    headers: AUTHORIZED,
    search: ['?tokens=1&a=%20&b=token', '?tokens=1&a=%20&b=token'],
  },
  { name: 'the cookie', headers: { cookie: ['__session=$T', undefined] } },
  {
    name: 'the cookie beside others',
    headers: { cookie: ['a=%31;  b="2";__session=$T; c', 'a=%31;  b="2"; c'] },
  },
  { name: 'the cookie with blanks in it', headers: { cookie: ['a=1; __session = $T', 'a=1'] } },
  {
    name: 'the cookie although another carrier won',
    headers: { ...AUTHORIZED, cookie: ['__session=$T; __session=$U; d=4', 'd=4'] },
  },
  {
    name: 'a cookie header that holds none',
    headers: {
      ...AUTHORIZED,
      cookie: ['a=__session;b=1;x__session=2', 'a=__session;b=1;x__session=2'],
    },
  },
  {
    name: 'the subprotocol',
    headers: { 'sec-websocket-protocol': ['portico.bearer.$T, chat', 'chat'] },
  },
  {
    name: 'the subprotocol between others',
    headers: { 'sec-websocket-protocol': ['chat, portico.bearer.$T, v2.chat', 'chat, v2.chat'] },
  },
  {
    name: 'the subprotocol although another carrier won',
    headers: {
      ...AUTHORIZED,
      'sec-websocket-protocol': ['portico.bearer.$T, portico.bearer.$U', undefined],
    },
  },
  {
    name: 'a list of subprotocols that holds none',
    headers: { ...AUTHORIZED, 'sec-websocket-protocol': ['a,b', 'a,b'] },
  },
  {
    name: 'Referer',
    headers: {
      ...AUTHORIZED,
      referer: ['https://app.example/room?a=1&token=$T&b', 'https://app.example/room?a=1&b'],
    },
  },
  {
    name: 'Referer under an encoded name',
    headers: {
      ...AUTHORIZED,
      referer: ['https://app.example/?%74oken=$T', 'https://app.example/'],
    },
  },
  {
    name: 'a Referer that holds none',
    headers: {
      ...AUTHORIZED,
      referer: ['https://app.example/token/?', 'https://app.example/token/?'],
    },
  },
  {
    name: 'the parameter that this party names',
    carriers: { query: 'jwt' },
    search: ['?jwt=$T&token=mine', '?token=mine'],
    headers: {
      referer: ['https://app.example/?jwt=$T&token=mine', 'https://app.example/?token=mine'],
    },
  },
  {
    name: 'the cookie that this party names',
    carriers: { cookie: '__Host-id' },
    headers: { cookie: ['__session=mine; __Host-id=$T', '__session=mine'] },
  },
  {
    name: 'a disabled query',
    carriers: { query: false },
    search: ['?token=mine', '?token=mine'],
    headers: {
      ...AUTHORIZED,
      referer: ['https://app.example/?token=mine', 'https://app.example/?token=mine'],
    },
  },
  {
    name: 'a disabled cookie',
    carriers: { cookie: false },
    headers: { ...AUTHORIZED, cookie: ['__session=mine', '__session=mine'] },
  },
  {
    name: 'a disabled Authorization',
    carriers: { authorization: false },
    search: ['?token=$T', ''],
    headers: { authorization: ['Basic eA==', 'Basic eA=='] },
  },
  {
    name: 'disabled subprotocols',
    carriers: { subprotocol: false },
    headers: {
      ...AUTHORIZED,
      'sec-websocket-protocol': ['portico.bearer.mine,chat', 'portico.bearer.mine,chat'],
    },
  },
]

it.for(removals)(
  'forwards $name without the credential and with every other byte',
  async ({ carriers = {}, search = ['', ''], headers = {} }) => {
    const { send } = countedGate({ carriers })
    const sent = Object.fromEntries(Object.entries(headers).map(([name, [value]]) => [name, value]))
    const response = await send(`/parties/main/x${await filled(search[0])}`, {
      headers: await filledHeaders(sent),
    })
    expect(response.status).toBe(200)
    const seen = await response.json<Seen>()
    expect(seen.url).toBe(`${ORIGIN}/parties/main/x${search[1]}`)
    for (const [name, [, forwarded]] of Object.entries(headers))
      expect(seen.headers[name]).toBe(forwarded)
    expect(JSON.stringify(seen)).not.toContain('eyJ')
  },
)

it('takes the credential out of a request that a hook made', async () => {
  const token = await mintToken()
  const { send } = countedGate({
    onBeforeRequest: () =>
      new Request(`https://elsewhere.example/parties/main/x?token=${token}&a=1`, {
        headers: { authorization: `Bearer ${token}`, cookie: `__session=${token}; b=2` },
      }),
  })
  const response = await send('/parties/main/x', { headers: { authorization: token } })
  const seen = await response.json<Seen>()
  expect(seen.url).toBe(`${ORIGIN}/parties/main/x?a=1`)
  expect(seen.headers).toMatchObject({ cookie: 'b=2', 'x-verified-subject': 'alice' })
  expect(JSON.stringify(seen)).not.toContain('eyJ')
})
