import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { followStatus, type Pacing } from '../../src/control-client/follow-status.ts'
import { gateOf } from '../../src/control-client/portico-options.ts'

const KEY = 'a-control-key-of-more-than-32-characters'
const FAST: Pacing = { firstDelayMs: 1, longestDelayMs: 2, attempts: 3, silenceMs: 30_000 }

type Respond = (response: ServerResponse) => void

/** The items of a stream from a server that answers each request as told, and the last for ever. */
async function followed(answers: readonly Respond[], pacing: Partial<Pacing> = {}) {
  let asked = 0
  const after: unknown[] = []
  const server = createServer((request, response) => {
    answers[Math.min(asked, answers.length - 1)]?.(response)
    asked += 1
    after.push(request.headers['last-event-id'])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const items: unknown[] = []
    const gate = gateOf({ url, key: KEY })
    for await (const item of followStatus(gate, 'b1', undefined, { ...FAST, ...pacing })) {
      items.push(item.ok ? item.value.status : item.error)
    }
    return { items, asked, after }
  } finally {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

const stream = (text: string, end: 'ends' | 'breaks' | 'falls silent' = 'ends'): Respond => {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    if (end === 'breaks') response.write(text, () => response.destroy())
    else if (end === 'ends') response.end(text)
    else response.write(text)
  }
}

const refusal = (status: number, headers: Record<string, string> = {}): Respond => {
  return (response) => {
    const document = { id: 'abcdefghijklmn', kind: 'Other', message: 'm' }
    response.writeHead(status, headers).end(JSON.stringify(document))
  }
}

const hangUp: Respond = (response) => response.destroy()

function event(status: string): string {
  return `data: {"status":"${status}","time":1}\nid: ${status}\n\n`
}

const END = stream(event('terminated'), 'falls silent')

it.for<[name: string, between: readonly Respond[], after: readonly unknown[]]>([
  ['it ends', [stream(event('ready'))], [undefined, 'ready']],
  ['it breaks', [stream(event('ready'), 'breaks')], [undefined, 'ready']],
  [
    'it breaks in the middle of an event',
    [stream(`${event('ready')}data: {"status":"termi`, 'breaks')],
    [undefined, 'ready'],
  ],
  [
    'the gate is away for a moment',
    [stream(event('ready')), hangUp, refusal(503, { 'retry-after': '3600' })],
    [undefined, 'ready', 'ready', 'ready'],
  ],
  [
    'nothing happens on many connections',
    [stream(event('ready')), ...Array.from({ length: 5 }, () => stream(''))],
    [undefined, ...Array.from({ length: 6 }, () => 'ready')],
  ],
])('goes on where %s', async ([, between, after]) => {
  expect(await followed([...between, END])).toMatchObject({ items: ['ready', 'terminated'], after })
})

it('leaves a connection that is silent for too long', async () => {
  const history = event('ready') + event('terminated')
  const answers = [stream(event('ready'), 'falls silent'), stream(history)]
  expect((await followed(answers, { silenceMs: 50 })).items).toEqual(['ready', 'terminated'])
})

it('gives each status once, also where the whole history comes again', async () => {
  const history = event('scheduled') + event('ready')
  const { items } = await followed([stream(history), stream(history + event('terminated'))])
  expect(items).toEqual(['scheduled', 'ready', 'terminated'])
})

it('says what is wrong when the gate stays out of reach, after as many attempts as it has', async () => {
  const { items, asked } = await followed([stream(event('ready')), hangUp])
  expect(items).toMatchObject(['ready', { kind: 'Unreachable' }])
  expect(asked).toBe(1 + FAST.attempts)
})

it('counts its attempts anew once it was let in', async () => {
  const away = [hangUp, hangUp]
  const { items } = await followed([...away, stream(''), ...away, stream(''), ...away, END])
  expect(items).toEqual(['terminated'])
})

it.for([302, 401, 403, 404])('does not come back after the status %s', async (status) => {
  const { items, asked } = await followed([refusal(status)])
  expect(items).toMatchObject([{ kind: 'Other', status }])
  expect(asked).toBe(1)
})

it.for<[name: string, respond: Respond]>([
  ['a page', (response) => void response.setHeader('content-type', 'text/html').end('x')],
  ['no JSON', stream('data: x\n\n')],
  ['no status', stream('data: {"time":1}\n\n')],
  ['no end of its line', stream('x'.repeat(100_000), 'falls silent')],
])('says UnexpectedAnswer where the stream has %s', async ([, respond]) => {
  const { items, asked } = await followed([respond])
  expect(items).toMatchObject([{ kind: 'UnexpectedAnswer', status: 200 }])
  expect(asked).toBe(1)
})
