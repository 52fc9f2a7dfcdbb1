import { expect, it } from 'vitest'
import { codeOf, countedGate } from '../fixtures/counted-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const UPGRADE = { upgrade: 'websocket' }
const LONGEST = 'n'.repeat(512)
const LONGEST_MULTIBYTE = 'é'.repeat(256)

it.for([
  ['/parties/main/hello%20world', 'hello world'],
  ['/parties/main/hello world', 'hello world'],
  ['/parties/main/a%2Fb', 'a/b'],
  ['/parties/main/a%2fb/deeper', 'a/b'],
  ['/parties/main/a/b', 'a'],
  ['/parties/main/%252F', '%2F'],
  ['/parties/main/%2525', '%25'],
  ['/parties/main/%C3%A9', 'é'],
  ['/parties/main/é', 'é'],
  ['/parties/m%61in/x', 'x'],
  ['/parties/main/x//y', 'x'],
  ['/parties/main/x?y=/../z', 'x'],
  ['/parties/main/constructor', 'constructor'],
  ['/parties/main/__proto__', '__proto__'],
  ['/parties/main/...', '...'],
  ['/party/lobby', 'lobby'],
  ['/party/lobby/deeper', 'lobby'],
])('decodes a name exactly once: %s', async ([path, name]) => {
  const { send, reached } = countedGate()
  const authorization = await mintToken()
  const response = await send(path ?? '', { headers: { authorization } })
  expect(response.status).toBe(200)
  expect(reached).toEqual([name])
})

const MALFORMED: readonly string[] = [
  '/parties',
  '/parties/',
  '/parties//x',
  '/parties/main',
  '/parties/main/',
  '/parties/main//x',
  '/party',
  '/party/',
  '/parties/main/%',
  '/parties/main/%z',
  '/parties/main/%zz',
  '/parties/main/%ff',
  '/parties/main/%C3',
  '/parties/main/%c0%af',
  '/parties/main/%ed%a0%80',
  '/parties/main/x/%zz',
  '/parties/main/%00',
  '/parties/main/x/%0a',
  '/parties/main/%0D%0A',
  '/parties/main/%1f',
  '/parties/main/%7F',
  '/parties/main/%5c',
  '/parties/main/..%5C',
  '/parties/main/x/..%2fy',
  '/parties/main/%2f..%2fother',
  '/parties/main/x/..;/y',
  '/parties/main/x/..;a=1/y',
  '/parties/main/x/..%3b/y',
  '/backends',
  '/backends//x',
]

it.for(MALFORMED)('refuses a malformed path and touches no object: %s', async (path) => {
  const { send, reached } = countedGate()
  const authorization = await mintToken()
  for (const headers of [{ authorization }, { authorization, ...UPGRADE }, {}]) {
    const response = await send(path, { headers })
    expect(response.status).toBe(400)
    expect(await codeOf(response)).toBe('request_malformed')
  }
  expect(reached).toEqual([])
})

it('takes names of 512 bytes and refuses longer ones before they name an object', async () => {
  const { send, reached } = countedGate()
  const headers = { authorization: await mintToken() }
  for (const name of [LONGEST, LONGEST_MULTIBYTE]) {
    expect((await send(`/parties/main/${encodeURIComponent(name)}`, { headers })).status).toBe(200)
  }
  expect(reached).toEqual([LONGEST, LONGEST_MULTIBYTE])
  const multibyte = encodeURIComponent(`n${LONGEST_MULTIBYTE}`)
  for (const path of [
    `/parties/main/${LONGEST}n`,
    `/parties/${LONGEST}n/x`,
    `/backends/${LONGEST}n/x`,
    `/parties/main/${multibyte}`,
    `/parties/main/${'n'.repeat(10_000)}`,
  ]) {
    expect(await codeOf(await send(path, { headers }))).toBe('request_malformed')
  }
  expect(reached).toHaveLength(2)
})

it.for([
  '/parties/nowhere/x',
  '/parties/Main/x',
  '/parties/constructor/x',
  '/parties/__proto__/x',
  '/parties/%5F%5Fproto__/x',
  '/parties/toString/x',
  '/parties/hasOwnProperty/x',
  '/parties/main%2fx/y',
  '/parties/main%20/x',
  '/parties/ma%C4%B1n/x',
  '/backends/nowhere/x',
  '/backends/constructor',
  '/backends/__proto__/x',
])('knows no name that the options do not hold: %s', async (path) => {
  const { send, reached } = countedGate()
  const authorization = await mintToken()
  for (const headers of [{ authorization }, { authorization, ...UPGRADE }]) {
    const response = await send(path, { headers })
    expect(response.status).toBe(404)
    expect(await codeOf(response)).toBe('route_unknown')
  }
  expect(reached).toEqual([])
})

it.for([
  '/',
  '/Parties/main/x',
  '/PARTIES/main/x',
  '/partiesmain/x',
  '/parties%2fmain/x',
  '/%70arties/main/x',
  '//parties/main/x',
  '/x/parties/main/x',
  '/Party/x',
  '/_portico',
])('takes for itself only the paths that begin exactly as documented: %s', async (path) => {
  const { send, reached } = countedGate()
  const response = await send(path)
  expect(response.status).toBe(404)
  expect(await codeOf(response)).toBe('route_unknown')
  expect(reached).toEqual([])
})

it.for([
  ['rooms', '/rooms/main/x'],
  ['/rooms/', '/rooms/main/x'],
  ['//rooms//', '/rooms/main/x'],
  ['api/v1/rooms', '/api/v1/rooms/main/x'],
  ['/api/v1/', '/api/v1/main/x'],
  ['parties', '/parties/main/x'],
])('puts the rooms below the prefix %s', async ([prefix = '', path = '']) => {
  const { send, reached } = countedGate({}, { prefix })
  const headers = { authorization: await mintToken() }
  expect((await send(path, { headers })).status).toBe(200)
  expect(reached).toEqual(['x'])
})

it.for(['/parties/main/x', '/party/x', '/Rooms/main/x', '/rooms/v2/main/x'])(
  'leaves the default prefix and its short form to others where there is another: %s',
  async (path) => {
    const { send, reached } = countedGate({}, { prefix: 'rooms/v1' })
    const response = await send(path, { headers: { authorization: await mintToken() } })
    expect(await codeOf(response)).toBe('route_unknown')
    expect(reached).toEqual([])
  },
)

it('does not mount the backends below the prefix', async () => {
  const { send } = countedGate({}, { prefix: 'rooms' })
  expect(await codeOf(await send('/rooms/backends/x'))).toBe('credential_missing')
  expect(await codeOf(await send('/backends/x'))).toBe('credential_missing')
})
