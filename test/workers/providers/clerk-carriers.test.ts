import { expect, it } from 'vitest'
import { clerkCarriers } from '../../../src/portico.ts'
import { codeOf, countedGate, ORIGIN } from '../../fixtures/counted-gate.ts'
import type { Seen } from '../../fixtures/echo-room.ts'
import { filledHeaders } from '../../fixtures/filled-tokens.ts'
import { mintToken } from '../../support/mint-token.ts'

const KEY = 'pk_live_Y2xlcmsuZXhhbXBsZS5jb20k'
const CARRIERS = clerkCarriers(KEY)
/** The first characters of the key's SHA-1, in base64url. */
const SUFFIX = 'naoXFJnI'

const TAKEN_OUT = [
  '__session',
  '__refresh',
  '__client',
  '__client_uat',
  '__clerk_db_jwt',
  '__clerk_handshake',
  '__clerk_handshake_nonce',
].flatMap((name) => [`${name}_${SUFFIX}`, name])

async function cookieSeen(response: Response): Promise<string | undefined> {
  expect(response.status).toBe(200)
  return (await response.json<Seen>()).headers['cookie']
}

it.for(TAKEN_OUT)('takes the cookie %s out, and leaves all others', async (name) => {
  const { send } = countedGate({ carriers: CARRIERS })
  const headers = await filledHeaders({
    authorization: 'Bearer $T',
    cookie: `a=%31;  ${name}=secret; x${name}=1; ${name}_BBBBBBBB=2; ${name} = secret ;b="2"`,
  })
  const cookie = await cookieSeen(await send('/parties/main/x', { headers }))
  expect(cookie).toBe(`a=%31; x${name}=1; ${name}_BBBBBBBB=2;b="2"`)
})

it('takes all of them out beside the session that it reads', async () => {
  const { send } = countedGate({ carriers: CARRIERS })
  const secrets = TAKEN_OUT.slice(2).map((name) => `${name}=secret`)
  const headers = await filledHeaders({
    cookie: ['theme=dark', ...secrets, `__session_${SUFFIX}=$T`, '__session=$U'].join('; '),
  })
  expect(await cookieSeen(await send('/parties/main/x', { headers }))).toBe('theme=dark')
})

it.for(TAKEN_OUT.slice(2))('reads no credential in the cookie %s', async (name) => {
  const { send, reached } = countedGate({ carriers: CARRIERS })
  const response = await send('/parties/main/x', {
    headers: await filledHeaders({ cookie: `${name}=$T` }),
  })
  expect([response.status, await codeOf(response)]).toEqual([401, 'credential_missing'])
  expect(reached).toEqual([])
})

it.for([
  ['a caller without a credential', { auth: 'optional' }, {}],
  ['one whom the hook let in', { auth: 'hook', onBeforeRequest: (r: Request) => r }, {}],
  [
    'one at a party that reads no cookies',
    { carriers: { cookie: false } },
    { authorization: '$T' },
  ],
] as const)('takes them out for %s', async ([, room, credential]) => {
  const { send } = countedGate(room, { carriers: CARRIERS })
  const headers = await filledHeaders({
    ...credential,
    cookie: `__refresh_${SUFFIX}=secret; __clerk_db_jwt=secret; a=1`,
  })
  expect(await cookieSeen(await send('/parties/main/x', { headers }))).toBe('a=1')
})

it('takes them out of a request that a hook made', async () => {
  const { send } = countedGate({
    carriers: CARRIERS,
    onBeforeRequest: (request: Request) =>
      new Request(request.url, { headers: { cookie: `a=1; __refresh_${SUFFIX}=secret` } }),
  })
  const headers = { authorization: `Bearer ${await mintToken()}` }
  expect(await cookieSeen(await send('/parties/main/x', { headers }))).toBe('a=1')
})

it('leaves no empty header behind, at a socket as well', async () => {
  const { send } = countedGate({ carriers: CARRIERS })
  const { webSocket } = await send('/parties/main/x', {
    headers: await filledHeaders({
      upgrade: 'websocket',
      origin: ORIGIN,
      cookie: `__session_${SUFFIX}=$T; __refresh_${SUFFIX}=secret`,
    }),
  })
  if (webSocket === null) throw new Error('there is no socket')
  const first = new Promise<MessageEvent>((resolve) =>
    webSocket.addEventListener('message', resolve),
  )
  webSocket.accept()
  const { headers } = JSON.parse(String((await first).data)) as Seen
  webSocket.close()
  expect(headers['x-verified-subject']).toBe('alice')
  expect(headers).not.toHaveProperty('cookie')
})

it('leaves them alone where nothing says that they are Clerk’s', async () => {
  const { send } = countedGate()
  const headers = await filledHeaders({
    authorization: '$T',
    cookie: '__refresh=1; __client_uat=2',
  })
  const cookie = await cookieSeen(await send('/parties/main/x', { headers }))
  expect(cookie).toBe('__refresh=1; __client_uat=2')
})
