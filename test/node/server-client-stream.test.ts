import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventReader, type StreamEvent } from '../../src/control-client/event-stream.ts'
import { createPortico } from '../../src/server.ts'
import { ADMIN_KEY } from '../support/connection-keys.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
})
afterAll(() => gate.stop())

/** Stands between a client and the gate, and can be cut. */
async function startProxy(port: number) {
  const clients = new Set<Socket>()
  const heads: string[] = []
  const server = createServer((client) => {
    const far = connect(port, '127.0.0.1')
    clients.add(client)
    client.on('data', (chunk: Buffer) => heads.push(chunk.toString('latin1')))
    client.pipe(far).pipe(client)
    client.on('error', () => client.destroy())
    far.on('error', () => client.destroy())
    client.on('close', () => {
      far.destroy()
      clients.delete(client)
      server.emit('left')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const client of clients) client.destroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What clients sent, a request each. */
    heads,
    cut,
    /** Resolves once nobody is connected. */
    async deserted() {
      while (clients.size > 0) await once(server, 'left')
    },
    async stop() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}

async function startingBackend(backendId: string): Promise<void> {
  await gate.start({ backendId, key: backendId })
}

it('goes on over a new connection after the status that came last, and gives each once', async () => {
  const proxy = await startProxy(gate.worker.port)
  try {
    await startingBackend('cut')
    const { statusStream } = createPortico({ url: proxy.url, key: ADMIN_KEY })
    const statuses: string[] = []
    for await (const item of statusStream('cut')) {
      if (!item.ok) throw new Error(item.error.message)
      const { status } = item.value
      statuses.push(status)
      if (status === 'terminated') continue
      proxy.cut()
      const next = status === 'scheduled' ? 'loading' : 'terminated'
      await gate.report({ backendId: 'cut', entry: { status: next, time: Date.now() } })
    }
    expect(statuses).toEqual(['scheduled', 'loading', 'terminated'])
    const after = proxy.heads.map((head) => /^last-event-id: (.*)\r$/im.exec(head)?.[1])
    expect(after).toEqual([undefined, 'scheduled', 'loading'])
    expect(proxy.heads.join('')).not.toContain(ADMIN_KEY)
  } finally {
    await proxy.stop()
  }
})

it('closes its connection when the loop is left', async () => {
  const proxy = await startProxy(gate.worker.port)
  try {
    await startingBackend('left')
    const { statusStream } = createPortico({ url: proxy.url, key: ADMIN_KEY })
    for await (const item of statusStream('left')) {
      expect(item).toMatchObject({ ok: true, value: { status: 'scheduled' } })
      break
    }
    await proxy.deserted()
    expect(proxy.heads).toHaveLength(1)
  } finally {
    await proxy.stop()
  }
})

it('ends without an error when its signal says so, and closes its connection', async () => {
  const proxy = await startProxy(gate.worker.port)
  try {
    await startingBackend('aborted')
    const { statusStream } = createPortico({ url: proxy.url, key: ADMIN_KEY })
    const stop = new AbortController()
    const items = statusStream('aborted', { signal: stop.signal })[Symbol.asyncIterator]()
    expect(await items.next()).toMatchObject({ value: { value: { status: 'scheduled' } } })
    const waiting = items.next()
    stop.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    await proxy.deserted()
    expect(proxy.heads).toHaveLength(1)
  } finally {
    await proxy.stop()
  }
})

it('asks nothing where its signal has been aborted before', async () => {
  let asked = 0
  const { statusStream } = createPortico({
    url: gate.url(''),
    key: ADMIN_KEY,
    fetch(url, init) {
      asked += 1
      return fetch(url, init)
    },
  })
  const items: unknown[] = []
  for await (const item of statusStream('b1', { signal: AbortSignal.abort() })) items.push(item)
  expect(items).toEqual([])
  expect(asked).toBe(0)
})

it.for<[name: string, bytes: readonly string[], events: readonly StreamEvent[]]>([
  ['one event', ['data: a\nid: 1\n\n'], [{ data: 'a', id: '1' }]],
  ['an event in two chunks', ['da', 'ta: a\n', '\n'], [{ data: 'a', id: '0' }]],
  [
    'two events in one',
    ['data: a\n\ndata: b\n\n'],
    [
      { data: 'a', id: '0' },
      { data: 'b', id: '0' },
    ],
  ],
  ['CRLF, cut between', ['data: a\r', '\ndata: b\r\n\r', '\n'], [{ data: 'a\nb', id: '0' }]],
  [
    'CR',
    ['data: a\r\rdata: b\r\r:'],
    [
      { data: 'a', id: '0' },
      { data: 'b', id: '0' },
    ],
  ],
  ['several lines', ['data: a\ndata:b\ndata\n\n'], [{ data: 'a\nb\n', id: '0' }]],
  ['comments and other fields', [':\n\nretry: 1\nevent: x\n\n'], []],
  ['half an event', ['data: a\nid: 1\n'], []],
  ['an id that no header carries', ['id: \xc3\xbc\ndata: a\n\n'], [{ data: 'a', id: '0' }]],
  ['a letter in two chunks', ['data: \xc3', '\xbc\n\n'], [{ data: 'ü', id: '0' }]],
])('reads %s of an event stream', ([, bytes, events]) => {
  const take = eventReader('0')
  expect(bytes.flatMap((chunk) => take(Buffer.from(chunk, 'latin1')))).toEqual(events)
})

it.for([
  ['a line', 'x'.repeat(1024)],
  ['an event', `data: ${'x'.repeat(1017)}\n`],
])('keeps no more than 64 KiB of %s that does not end', ([, chunk]) => {
  const take = eventReader('')
  const bytes = Buffer.from(String(chunk))
  const lengths = Array.from({ length: 80 }, () => take(bytes)?.length)
  expect(lengths[50]).toBe(0)
  expect(lengths[79]).toBeUndefined()
})
