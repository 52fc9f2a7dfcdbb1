import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintToken } from '../support/mint-token.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

// Over TCP and byte for byte: every HTTP client would resolve these paths before it sends them.

let worker: ServedWorker

beforeAll(async () => {
  worker = await serveWorker({
    entry: 'test/fixtures/counted-rooms.ts',
    rooms: { ROOMS: 'CountedRoom' },
  })
})

afterAll(() => worker.stop())

interface Answer {
  readonly status: number
  readonly body: string
}

async function send(
  target: string,
  headers: readonly string[] = [],
  host = 'gate.example',
): Promise<Answer> {
  const response = await rawRequest(worker.port, [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...headers,
  ])
  const [head = '', body = ''] = response.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body }
}

async function bearer(): Promise<readonly string[]> {
  return [`Authorization: Bearer ${await mintToken()}`]
}

async function reached(): Promise<readonly string[]> {
  const response = await fetch(`${worker.origin}/reached`)
  return (await response.json()) as string[]
}

it('takes two spellings of a name for one room, and a slash in a name for part of it', async () => {
  const paths = [
    '/parties/chat/hello%20world',
    '/parties/chat/%68ello%20world',
    '/parties/chat/a%2Fb',
    '/parties/chat/a/b',
    '/parties/chat/%252F',
  ]
  const rooms: unknown[] = []
  for (const path of paths) rooms.push(JSON.parse((await send(path, await bearer())).body))
  expect(rooms).toEqual([
    { name: 'hello world', visits: 1, url: 'http://gate.example/parties/chat/hello%20world' },
    { name: 'hello world', visits: 2, url: 'http://gate.example/parties/chat/%68ello%20world' },
    { name: 'a/b', visits: 1, url: 'http://gate.example/parties/chat/a%2Fb' },
    { name: 'a', visits: 1, url: 'http://gate.example/parties/chat/a/b' },
    { name: '%2F', visits: 1, url: 'http://gate.example/parties/chat/%252F' },
  ])
})

it.for([
  '/parties/main/bytes/a%2fb//c;d=1/%20%C3%A9?x=%2e%2e/&y=+',
  '/parties/main/bytes/...',
  '/parties/main/bytes/.hidden/..x?/../',
  '/party/bytes/%252e%252e',
])('forwards the rest of a path byte for byte: %s', async (target) => {
  const { body } = await send(target, await bearer())
  expect(JSON.parse(body)).toMatchObject({ name: 'bytes', url: `http://gate.example${target}` })
})

const malformed: readonly string[] = [
  '/parties/main/../other/x',
  '/parties/main/x/..',
  '/parties/main/x/.',
  '/parties/main/.',
  '/parties/main/..',
  '/./parties/main/x',
  '/parties/./main/x',
  '/public/../parties/main/x',
  '/parties/main/%2e%2e/other/x',
  '/parties/main/%2E%2e/other/x',
  '/parties/main/.%2e/other/x',
  '/parties/main/%2e./other/x',
  '/parties/main/%2e',
  '/parties/main/x/%2e%2E',
  '/parties/main/x/..%2fother',
  '/parties/main/x/%2e%2e%2Fother',
  '/parties/main/x%2f..%2fother',
  '/parties/main/%2f..%2f',
  '/parties/main/x/..;/other',
  '/parties/main/x/..;a=1;b/other',
  '/parties/main/x/.;/other',
  '/parties/main/x/%2e%2e;/other',
  '/parties/main/x/..%3b/other',
  '/parties/main/x/..%3Ba%2fother',
  '/parties/main\\x',
  '/parties\\main\\x',
  '\\parties\\main\\x',
  '/\\parties/main/x',
  '/parties/main/x\\..\\other',
  '/parties/main/x%5c..%5cother',
  '/parties/main/x%5C',
  '/parties/main/%00',
  '/parties/main/x%00.json',
  '/parties/main/%0a',
  '/parties/main/%0d%0aX-Verified-Subject:%20root',
  '/parties/main/%09',
  '/parties/main/%1F',
  '/parties/main/%7f',
  '/parties/main/%zz',
  '/parties/main/%',
  '/parties/main/%f',
  '/parties/main/%ff',
  '/parties/main/%u0041',
  '/parties/main/%c0%ae%c0%ae/x',
  '/parties//x',
  '/parties///',
  '/parties/main//x',
  '/parties/main/',
  '/parties/main',
  '/party//x',
]

const tooLong: readonly (readonly [name: string, target: string])[] = [
  ['one byte too long', `/parties/main/${'n'.repeat(513)}`],
  ['much too long', `/parties/main/${'n'.repeat(10_000)}`],
  ['too long by half of a character', `/parties/main/n${'%C3%A9'.repeat(256)}`],
]

it.for(tooLong)('refuses a name that is %s', async ([, target]) => {
  const before = await reached()
  const { status, body } = await send(target, await bearer())
  expect(status).toBe(400)
  expect(JSON.parse(body)).toMatchObject({ code: 'request_malformed' })
  expect(await reached()).toEqual(before)
})

it.for(malformed)('refuses %s before anything else', async (target) => {
  const before = await reached()
  const answers = [await send(target), await send(target, await bearer())]
  for (const { status, body } of answers) {
    expect(status).toBe(400)
    // workerd itself answers what it does not take for a request line.
    if (body.startsWith('{')) expect(JSON.parse(body)).toMatchObject({ code: 'request_malformed' })
  }
  expect(await reached()).toEqual(before)
})

it.for([
  ['//parties/main/x', 404],
  ['///parties/main/x', 404],
  ['/Parties/main/x', 404],
  ['/%70arties/main/x', 404],
  ['/parties%2fmain/x', 404],
  ['/parties;a=1/main/x', 404],
  ['/partie%73/main/x', 404],
  ['/parties/Main/x', 404],
  ['/parties/constructor/x', 404],
  ['/parties/__proto__/x', 404],
  ['/parties/main;a=1/x', 404],
  ['/parties/main%20/x', 404],
  ['/parties/%252e%252e/x', 404],
  ['*', 400],
] as const)('reaches no room by %s', async ([target, status]) => {
  const before = await reached()
  expect((await send(target, await bearer())).status).toBe(status)
  expect(await reached()).toEqual(before)
})

it.for([
  'gate.example/parties/other/x?',
  'gate.example?',
  'gate.example#',
  'gate.example\\',
  'a b',
])('takes nothing of the Host header %j for a path of a room', async (host) => {
  const before = await reached()
  const { status } = await send('/parties/main/x', await bearer(), host)
  expect([400, 404, 500]).toContain(status)
  expect(await reached()).toEqual(before)
})

it('finds no credential in a second Cookie header, which a reader may or may not join to the first', async () => {
  const token = await mintToken()
  const before = await reached()
  for (const first of ['a=1', '__session=abc']) {
    const { status } = await send('/parties/main/x', [
      `Cookie: ${first}`,
      `Cookie: __session=${token}`,
    ])
    expect(status).toBe(401)
  }
  expect(await reached()).toEqual(before)
})

it('takes the same credential in two Authorization headers, and refuses two different ones', async () => {
  const [header = ''] = await bearer()
  const another = `Authorization: Bearer ${await mintToken({ sub: 'bob' })}`
  expect((await send('/parties/main/twice', [header, header])).status).toBe(200)
  const { status, body } = await send('/parties/main/twice', [header, another])
  expect(status).toBe(401)
  expect(JSON.parse(body)).toMatchObject({ code: 'credential_ambiguous' })
})
