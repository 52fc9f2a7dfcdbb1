import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closing, refusedHandshake } from '../support/browser-socket.ts'
import { openRaw, WEBSOCKET_HANDSHAKE } from '../support/raw-socket.ts'
import { startWhiteboard, type Whiteboard } from '../support/start-whiteboard.ts'

const PAGE = join(import.meta.dirname, '../../examples/whiteboard/page')
const ALICE = headersOf('alice', { name: 'Alice', color: '#0c6051' })
const BOB = headersOf('bob', { name: 'Bob', color: '#8a3b12' })

const LONGEST_DRAW = { type: 'draw', points: Array.from({ length: 256 }, (_, at) => 700 + at) }

let board: Whiteboard
beforeEach(async () => {
  board = await startWhiteboard({ allowed: { TITLE: 'Plans <b>' } })
})
afterEach(() => board.end())

/** What the gate says of a connection. */
function headersOf(username: string, data: unknown): Record<string, string> {
  return { 'x-verified-username': username, 'x-verified-user-data': JSON.stringify(data) }
}

describe('who is there', () => {
  it.for<[what: string, headers: Record<string, string>, expected: object]>([
    ['the name and colour of the user data', ALICE, { name: 'Alice', color: '#0c6051' }],
    ['the user, percent-decoded', headersOf('Zo%C3%AB', {}), { user: 'Zoë', name: 'Zoë' }],
    [
      'user data with escapes',
      { 'x-verified-user-data': String.raw`{"name":"Zo\u00eb \ud83c\udf3b"}` },
      { name: 'Zoë 🌻' },
    ],
    ['a name of several lines', headersOf('a', { name: ' A\n\tB ' }), { name: 'A B' }],
    ['a long name', headersOf('a', { name: 'x'.repeat(100) }), { name: 'x'.repeat(40) }],
    ['a name that is no text', headersOf('alice', { name: { a: 1 } }), { name: 'alice' }],
    ['an empty name', headersOf('alice', { name: ' ' }), { name: 'alice' }],
    ['user data that is no object', headersOf('alice', null), { name: 'alice' }],
    [
      'user data that is no JSON',
      { 'x-verified-username': 'alice', 'x-verified-user-data': '{' },
      { name: 'alice' },
    ],
  ])('is read from %s', async ([, headers, expected]) => {
    expect(await (await board.get('/who', headers)).json()).toMatchObject(expected)
  })

  it('has nobody for a user that cannot be decoded', async () => {
    const who = await (await board.get('/who', headersOf('%E0%A4%A', {}))).json()
    expect(who).not.toHaveProperty('user')
  })

  it.for(['red', '#12345', '#1234567', 'url(#a)', '#0c6051;', 7, null])(
    'gets a colour of its own for %j, always the same',
    async (color) => {
      const colors = await Promise.all(
        [color, undefined].map(async (given) => {
          const who = await board.get('/who', headersOf('alice', { color: given }))
          return ((await who.json()) as { color: string }).color
        }),
      )
      expect(colors[0]).toMatch(/^#[0-9a-f]{6}$/)
      expect(colors[1]).toBe(colors[0])
    },
  )

  it('is told to everybody, and so is who leaves', async () => {
    const alice = await board.enter(ALICE)
    const bob = await board.enter(BOB)
    const [first, second] = [
      { id: alice.welcome['you'], name: 'Alice', color: '#0c6051' },
      { id: bob.welcome['you'], name: 'Bob', color: '#8a3b12' },
    ]
    expect(bob.welcome).toMatchObject({
      ...{ title: 'Plans <b>', backendId: 'board-1', items: [] },
      present: [first, second],
    })
    expect(await alice.next()).toEqual({ type: 'joined', person: second })
    bob.socket.close()
    expect(await alice.next()).toEqual({ type: 'left', id: second.id })
  })

  it('is a guest with a number where the link names nobody', async () => {
    const first = await board.enter()
    const second = await board.enter()
    const present = second.welcome['present'] as { id: number; name: string }[]
    expect(present.map(({ name }) => name)).toEqual(['Guest 1', 'Guest 2'])
    expect(present.map(({ id }) => id)).toEqual([first.welcome['you'], second.welcome['you']])
  })
})

describe('the board', () => {
  it('shows everybody else what one draws, with the name that the gate gave', async () => {
    const alice = await board.enter(ALICE)
    const bob = await board.enter(BOB)
    const from = alice.welcome['you']
    const claimed = { name: 'Bob', color: '#ffffff', from: 99, id: 99, owner: 'user bob' }

    alice.send({ type: 'move', x: 1, y: 2, ...claimed })
    expect(await bob.next()).toEqual({ type: 'cursor', id: from, x: 1, y: 2 })
    alice.send({ type: 'begin', x: -5, y: 9999, ...claimed })
    const stroke = { id: 1, name: 'Alice', color: '#0c6051', points: [0, 900] }
    expect(await bob.next()).toEqual({ type: 'item', item: stroke, from })
    alice.send({ type: 'draw', points: [10.4, 20, 1e300, 30], ...claimed })
    const points = [10, 20, 1200, 30]
    expect(await bob.next()).toEqual({ type: 'points', id: 1, points, from })
    alice.send({ type: 'note', x: 5, y: 6, text: ' <b>a\n\u0000b ', ...claimed })
    const note = { id: 2, name: 'Alice', color: '#0c6051', x: 5, y: 6, text: '<b>a b' }
    expect(await bob.next()).toEqual({ type: 'item', item: note, from })
    alice.send({ type: 'away', ...claimed })
    expect(await bob.next()).toEqual({ type: 'away', id: from })

    const late = await board.enter()
    expect(late.welcome['items']).toEqual([{ ...stroke, points: [0, 900, ...points] }, note])
  })

  it('tells the one who draws which stroke it is', async () => {
    const alice = await board.enter(ALICE)
    alice.send({ type: 'begin', x: 1, y: 1 })
    expect(await alice.next()).toEqual({ type: 'yours', id: 1 })
  })

  it('takes back only what is ones own', async () => {
    const alice = await board.enter(ALICE)
    const bob = await board.enter(BOB)
    for (const visitor of [alice, bob, alice, bob]) {
      visitor.send({ type: 'begin', x: 1, y: 1 })
      await visitor.told('yours')
    }
    alice.send({ type: 'undo' })
    expect(await bob.told('gone')).toEqual({ type: 'gone', ids: [3] })
    bob.send({ type: 'clear' })
    expect(await bob.told('gone')).toEqual({ type: 'gone', ids: [2, 4] })
    expect((await board.enter()).welcome['items']).toMatchObject([{ id: 1, name: 'Alice' }])
  })

  it('knows again who comes back, but not a guest', async () => {
    for (const headers of [ALICE, {}]) {
      const visitor = await board.enter(headers)
      visitor.send({ type: 'begin', x: 1, y: 1 })
      await visitor.told('yours')
      visitor.socket.close()
      await once(visitor.socket, 'close')
    }
    const [alice, guest] = [await board.enter(ALICE), await board.enter()]
    guest.send({ type: 'clear' })
    guest.send({ type: 'note', x: 1, y: 1, text: 'cleared' })
    await alice.told('item')
    alice.send({ type: 'clear' })
    expect(await alice.told('gone')).toEqual({ type: 'gone', ids: [1] })
    const items = (await board.enter()).welcome['items'] as { id: number }[]
    expect(items.map(({ id }) => id)).toEqual([2, 3])
  })
})

describe('what is sent', () => {
  const note = { type: 'note', x: 1, y: 1, text: 'a' }
  it.for<[what: string, message: string | Buffer]>([
    ['not JSON', 'hello'],
    ['not an object', 'null'],
    ['of no type', '{}'],
    ['of another type', JSON.stringify({ type: 'constructor' })],
    ['binary', Buffer.from(JSON.stringify(note))],
    ['without a place', JSON.stringify({ ...note, x: undefined })],
    ['at no number', JSON.stringify({ type: 'move', x: '1', y: 1 })],
    ['at infinity', '{"type":"begin","x":1e999,"y":1}'],
    ['points that are no list', JSON.stringify({ type: 'draw', points: { length: 2 } })],
    ['no points', JSON.stringify({ type: 'draw', points: [] })],
    ['half a point', JSON.stringify({ type: 'draw', points: [1, 2, 3] })],
    ['too many points', JSON.stringify({ type: 'draw', points: Array(258).fill(1) })],
    ['points with a list', JSON.stringify({ type: 'draw', points: [[1], 2] })],
    ['a note that is no text', JSON.stringify({ ...note, text: ['a'] })],
    ['a note without text', JSON.stringify({ ...note, text: ' \n' })],
    ['a note that is too long', JSON.stringify({ ...note, text: 'x'.repeat(201) })],
  ])('ends the connection and is shown to nobody when it is %s', async ([, message]) => {
    const alice = await board.enter(ALICE)
    const bob = await board.enter(BOB)
    await alice.told('joined')
    bob.socket.send(message)
    bob.send(note)
    expect(await closing(bob.socket)).toEqual({ code: 1008, reason: 'not understood' })
    expect(await alice.next()).toEqual({ type: 'left', id: bob.welcome['you'] })
  })

  it('ends the connection when it is larger than 4 KiB, before it is read', async () => {
    const alice = await board.enter(ALICE)
    alice.send({ type: 'away', padding: 'x'.repeat(4096) })
    expect(await closing(alice.socket)).toMatchObject({ code: 1009 })
  })

  it('ends the connection when it is too much at once', async () => {
    const alice = await board.enter(ALICE)
    for (let sent = 0; sent < 5000; sent += 1) alice.send({ type: 'away' })
    expect(await closing(alice.socket)).toEqual({ code: 1008, reason: 'too many messages' })
    expect((await board.get('/healthz')).status).toBe(200)
  })

  it('does not extend a stroke that was not begun, or is gone', async () => {
    const alice = await board.enter(ALICE)
    const bob = await board.enter(BOB)
    bob.send(LONGEST_DRAW)
    bob.send({ type: 'begin', x: 1, y: 1 })
    bob.send({ type: 'undo' })
    bob.send(LONGEST_DRAW)
    bob.send(note)
    const told = []
    for (let count = 0; count < 4; count += 1) told.push((await alice.next()).type)
    expect(told).toEqual(['joined', 'item', 'gone', 'item'])
  })
})

describe('what is kept', () => {
  it('is at most 500 strokes and notes, of which the oldest go', async () => {
    const alice = await board.enter(ALICE)
    for (let sent = 0; sent < 501; sent += 1) alice.send({ type: 'begin', x: 1, y: 1 })
    expect(await alice.told('gone')).toEqual({ type: 'gone', ids: [1] })
    const items = (await board.enter()).welcome['items'] as { id: number }[]
    expect(items).toHaveLength(500)
    expect(items[0]).toMatchObject({ id: 2 })
  })

  it('is at most 100 000 coordinates, and 4000 of one stroke', async () => {
    const alice = await board.enter(ALICE)
    for (let stroke = 0; stroke < 27; stroke += 1) {
      alice.send({ type: 'begin', x: 1, y: 1 })
      for (let sent = 0; sent < 18; sent += 1) alice.send(LONGEST_DRAW)
    }
    expect(await alice.told('gone')).toEqual({ type: 'gone', ids: [1] })
    alice.send({ type: 'note', x: 1, y: 1, text: 'done' })
    await alice.told('item')
    const items = (await board.enter()).welcome['items'] as { points?: number[] }[]
    const lengths = items.map(({ points }) => points?.length ?? 0)
    expect(Math.max(...lengths)).toBe(2 + 15 * 256)
    expect(lengths.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(100_000)
  })
})

it('lets in 50 visitors, and the next when one has left', async () => {
  const visitors = await Promise.all(Array.from({ length: 50 }, () => board.enter()))
  expect(await closing(board.open())).toEqual({ code: 1013, reason: 'the board is full' })
  const [first, second] = visitors
  first?.socket.close()
  await second?.told('left')
  expect((await board.enter()).welcome['present']).toHaveLength(50)
})

it('drops a visitor who does not read', async () => {
  const slow = openRaw(Number(new URL(board.origin).port), [
    'GET /socket HTTP/1.1',
    ...WEBSOCKET_HANDSHAKE,
  ])
  await once(slow, 'readable')
  let isGone = false
  for (let round = 0; round < 60 && !isGone; round += 1) {
    const writer = await board.enter()
    for (let stroke = 0; stroke < 36; stroke += 1) {
      writer.send({ type: 'begin', x: 1, y: 1 })
      for (let sent = 0; sent < 15; sent += 1) writer.send(LONGEST_DRAW)
    }
    writer.send({ type: 'note', x: 1, y: 1, text: 'done' })
    for (let told = await writer.next(); told['text'] !== 'done'; told = await writer.next()) {
      if (told.type === 'left' && told['id'] === 1) isGone = true
      if (told.type === 'item') break
    }
    writer.socket.close()
    await once(writer.socket, 'close')
  }
  slow.destroy()
  expect(isGone).toBe(true)
})

describe('the page', () => {
  it.for([
    ['/', 'text/html'],
    ['/?board=1', 'text/html'],
    ['/healthz', 'text/plain'],
  ])('is answered at %s', async ([path = '', type]) => {
    const answer = await board.get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('has every file that it is made of', async () => {
    const files = await readdir(PAGE)
    expect(files).toContain('board.js')
    for (const file of files.filter((name) => name !== 'index.html')) {
      const answer = await board.get(`/${file}`)
      expect(await answer.text(), file).toBe(await readFile(join(PAGE, file), 'utf8'))
      const type = file.endsWith('.js') ? 'text/javascript' : 'text/css'
      expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
    }
  })

  it('lets nothing run or load but its own files, and only the gate frame it', async () => {
    const policy = (await board.get('/')).headers.get('content-security-policy')?.split('; ')
    expect(policy).toEqual(
      expect.arrayContaining([
        ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"],
        ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'"],
        "require-trusted-types-for 'script'",
      ]),
    )
    const html = await readFile(join(PAGE, 'index.html'), 'utf8')
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/)
  })

  it('has relative addresses only, so that it works below any path', async () => {
    const html = await readFile(join(PAGE, 'index.html'), 'utf8')
    const addresses = [...html.matchAll(/\s(?:src|href|action)="(?!data:)([^"]*)"/g)]
    expect(addresses.map(([, address]) => address)).toEqual(['board.css', 'paper.css', 'board.js'])
    for (const file of (await readdir(PAGE)).filter((name) => name.endsWith('.js'))) {
      const script = await readFile(join(PAGE, file), 'utf8')
      for (const [, address] of script.matchAll(/from '([^']*)'/g)) {
        expect(address).toMatch(/^\.\/[a-z]+\.js$/)
      }
    }
  })

  it.for(['/page/board.js', '/../server.mjs', '/%2e%2e/server.mjs', '/constructor', '//', '/s.x/'])(
    'has nothing else: %s',
    async (path) => {
      const socket = openRaw(Number(new URL(board.origin).port), [
        `GET ${path} HTTP/1.1`,
        'Host: board',
        'Connection: close',
      ])
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /)
      socket.destroy()
    },
  )

  it.for(['POST', 'PUT', 'DELETE', 'OPTIONS'])('can only be read: %s', async (method) => {
    expect((await fetch(board.origin, { method })).status).toBe(405)
  })

  it('has its socket at one place', async () => {
    expect((await refusedHandshake(board.open({}, '/'))).status).toBe(404)
  })
})

it('works below the static token of its backend, which the gate leaves in the path', async () => {
  const shared = await startWhiteboard({ staticToken: 's.correct' })
  try {
    expect((await shared.get('/s.correct/board.js')).status).toBe(200)
    expect((await shared.get('/healthz')).status).toBe(200)
    expect((await shared.get('/s.another/board.js')).status).toBe(404)
    await once(shared.open({}, '/s.correct/socket'), 'open')
    expect((await refusedHandshake(shared.open({}, '/s.another/socket'))).status).toBe(404)
  } finally {
    await shared.end()
  }
})

describe('at its end', () => {
  it.for<NodeJS.Signals>(['SIGTERM', 'SIGINT'])('says goodbye on %s', async (signal) => {
    const alice = await board.enter(ALICE)
    const closed = closing(alice.socket)
    expect(await board.end(signal)).toBe(0)
    expect(await closed).toMatchObject({ code: 1001 })
  })

  it('does not wait for a visitor who does not answer', async () => {
    const silent = openRaw(Number(new URL(board.origin).port), [
      'GET /socket HTTP/1.1',
      ...WEBSOCKET_HANDSHAKE,
    ])
    await once(silent, 'data')
    expect(await board.end('SIGTERM')).toBe(0)
    silent.destroy()
  })
})
