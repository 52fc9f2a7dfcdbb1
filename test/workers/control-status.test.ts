import { expect, it, vi } from 'vitest'
import type { StatusEntry } from '../../src/store/backend-status.ts'
import { controlClient, HISTORY, streamOf } from '../fixtures/control-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const STREAM = '/pub/b/b1/status-stream'
const DATA = '/pub/b/b1/status/stream'
const END: readonly StatusEntry[] = [
  {
    status: 'hard-terminating',
    time: 3000,
    terminationReason: 'external',
    terminationKind: 'hard',
  },
  {
    status: 'terminated',
    time: 4000,
    terminationReason: 'external',
    terminationKind: 'hard',
    exitError: false,
  },
]

const reading = (response: Response) => {
  const reader = (response.body ?? streamOf([])).getReader()
  const decoder = new TextDecoder()
  return {
    /** One chunk as it came, `undefined` at the end. */
    next: async () => {
      const { done, value } = await reader.read()
      return done ? undefined : decoder.decode(value as Uint8Array)
    },
    cancel: () => reader.cancel(),
  }
}

it.for<[entry: StatusEntry | undefined, document: object]>([
  [HISTORY.at(-1), { status: 'ready', time: 2000 }],
  [
    END[0],
    {
      status: 'hard-terminating',
      termination_reason: 'external',
      termination_kind: 'hard',
      time: 3000,
    },
  ],
  [
    END[1],
    {
      status: 'terminated',
      termination_reason: 'external',
      termination_kind: 'hard',
      exit_error: false,
      time: 4000,
    },
  ],
])('tells the latest status, and leaves out what is not known: %o', async ([entry, document]) => {
  const value = [...HISTORY, ...(entry === undefined ? [] : [entry])]
  for (const path of ['/pub/b/b1/status', '/pub/c/rooms.example/b/b1/status?x=0.1']) {
    const { get, calls } = controlClient({ statuses: async () => ({ ok: true, value }) })
    expect(await (await get(path, {})).json()).toEqual(document)
    expect(calls).toEqual([['statuses', 'b1']])
  }
})

it('sends each status as one chunk with its id, from the first on', async () => {
  for (const path of [`${STREAM}?x`, '/pub/c/rooms.example/b/b1/status-stream']) {
    const { get, calls } = controlClient()
    const response = await get(path, {})
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    const { next } = reading(response)
    expect(await next()).toBe('data: {"status":"scheduled","time":1000}\nid: scheduled\n\n')
    expect(await next()).toBe('data: {"status":"ready","time":2000}\nid: ready\n\n')
    expect(calls).toEqual([['watch', 'b1', undefined]])
  }
})

it.for([
  ['ready', 'ready'],
  ['hard-terminating', 'hard-terminating'],
  ['nonsense', undefined],
  ['constructor', undefined],
])('goes on after Last-Event-ID %s: %s', async ([id, after]) => {
  const { get, calls } = controlClient()
  await (await get(STREAM, { 'last-event-id': id ?? '' })).body?.cancel()
  expect(calls).toEqual([['watch', 'b1', after]])
})

it('stays open after the end, for whoever would come back', async () => {
  const { get } = controlClient(
    { watch: async () => ({ ok: true, value: streamOf(END) }) },
    { keepAliveSeconds: 0.001 },
  )
  const { next, cancel } = reading(await get(STREAM, {}))
  expect(await next()).toContain('id: hard-terminating\n\n')
  expect(await next()).toContain('id: terminated\n\n')
  for (let i = 0; i < 3; i++) expect(await next()).toBe(':\n\n')
  await cancel()
})

it('stays open for whoever has seen the end already', async () => {
  const { get } = controlClient(
    { watch: async () => ({ ok: true, value: streamOf([]) }) },
    { keepAliveSeconds: 0.001 },
  )
  const { next, cancel } = reading(await get(STREAM, { 'last-event-id': 'terminated' }))
  for (let i = 0; i < 3; i++) expect(await next()).toBe(':\n\n')
  await cancel()
})

it('ends where the history breaks off, so that its reader comes back', async () => {
  for (const path of [STREAM, DATA]) {
    const { next } = reading(await controlClient().get(path, {}))
    await next()
    await next()
    expect(await next()).toBe(undefined)
  }
})

it.for([
  [STREAM, ':\n\n'],
  [DATA, '\n'],
] as const)('%s says %j while nothing happens', async ([path, keepAlive]) => {
  const { get } = controlClient(
    { watch: async () => ({ ok: true, value: streamOf(HISTORY, true) }) },
    { keepAliveSeconds: 0.001 },
  )
  const { next, cancel } = reading(await get(path, {}))
  const chunks = []
  for (let i = 0; i < 5; i++) chunks.push(await next())
  expect(chunks[0]).toContain('"scheduled"')
  expect(chunks[1]).toContain('"ready"')
  expect(chunks.slice(2)).toEqual([keepAlive, keepAlive, keepAlive])
  await cancel()
})

it('loses no status to a silence that is told', async () => {
  let tell: ((entry: StatusEntry) => void) | undefined
  const value = new ReadableStream<StatusEntry>({
    start: (controller) => {
      tell = (entry) => controller.enqueue(entry)
    },
  })
  const { get } = controlClient(
    { watch: async () => ({ ok: true, value }) },
    { keepAliveSeconds: 0.001 },
  )
  const { next, cancel } = reading(await get(STREAM, {}))
  for (const entry of [...HISTORY, ...END]) {
    expect(await next()).toBe(':\n\n')
    tell?.(entry)
    let chunk = await next()
    while (chunk === ':\n\n') chunk = await next()
    expect(chunk).toContain(`id: ${entry.status}\n`)
  }
  await cancel()
})

it('sends Jamsocket’s clients lines of data only, with ISO times, up to the end', async () => {
  for (const path of [`${DATA}?0.5`, '/pub/c/rooms.example/b/b1/status/stream']) {
    const { get, calls } = controlClient({
      watch: async () => ({ ok: true, value: streamOf([...HISTORY, ...END]) }),
    })
    const response = await get(path, { 'last-event-id': 'ready' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const { next } = reading(response)
    expect(await next()).toBe('data: {"status":"scheduled","time":"1970-01-01T00:00:01.000Z"}\n\n')
    const rest = [await next(), await next(), await next(), await next()]
    expect(rest[2]).toBe(
      'data: {"status":"terminated","termination_reason":"external","termination_kind":"hard",' +
        '"exit_error":false,"time":"1970-01-01T00:00:04.000Z"}\n\n',
    )
    expect(rest[3]).toBe(undefined)
    expect(calls).toEqual([['watch', 'b1', undefined]])
  }
})

it.for([STREAM, DATA])('%s lets go of the backend when its reader leaves', async (path) => {
  const left = Promise.withResolvers<string>()
  const value = new ReadableStream<StatusEntry>({ cancel: () => left.resolve('left') })
  const { get } = controlClient({ watch: async () => ({ ok: true, value }) })
  await (await get(path, {})).body?.cancel()
  expect(await left.promise).toBe('left')
})

it('answers HEAD without watching on', async () => {
  const left = Promise.withResolvers<string>()
  const value = new ReadableStream<StatusEntry>({ cancel: () => left.resolve('left') })
  const { send } = controlClient({ watch: async () => ({ ok: true, value }) })
  const response = await send(STREAM, { method: 'HEAD' })
  expect([response.status, response.body]).toEqual([200, null])
  expect(await left.promise).toBe('left')
})

it('is readable by every page, errors too, and by none under /ctrl', async () => {
  const { get, send } = controlClient()
  for (const path of ['/pub/health', '/pub/b/b1/status', STREAM, DATA, '/pub/b/B1/status']) {
    const response = await get(path, { origin: 'https://a.example' })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-credentials')).toBe(null)
    await response.body?.cancel()
  }
  expect((await get('/ctrl/status')).headers.get('access-control-allow-origin')).toBe(null)
  const preflight = await send('/pub/b/b1/status', {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
  expect(preflight.headers.get('access-control-allow-methods')).toBe('GET')
})
