import { isBackendState } from '@jamsocket/types'
import { expect, it, vi } from 'vitest'
import type { Connections } from '../../src/connection/connections.ts'
import type { StatusEntry } from '../../src/store/backend-status.ts'
import { HISTORY, streamOf } from '../fixtures/control-client.ts'
import { jamsocketClient } from '../fixtures/jamsocket-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const told = { terminationReason: 'swept', terminationKind: 'soft' } as const
const END: readonly StatusEntry[] = [
  { status: 'terminating', time: 3000, ...told },
  { status: 'terminated', time: 4000, ...told, exitError: true },
]

function watched(entries: readonly StatusEntry[], staysOpen = false): Partial<Connections> {
  return { watch: async () => ({ ok: true, value: streamOf(entries, staysOpen) }) }
}

async function chunksOf(response: Response, count: number): Promise<(string | undefined)[]> {
  const reader = (response.body ?? new Blob([]).stream()).getReader()
  const chunks: (string | undefined)[] = []
  while (chunks.length < count) {
    const { done, value } = await reader.read()
    chunks.push(done ? undefined : new TextDecoder().decode(value as Uint8Array))
  }
  await reader.cancel()
  return chunks
}

it.for<[entry: StatusEntry, document: object]>([
  [
    { status: 'ready', time: 2000 },
    { status: 'ready', time: '1970-01-01T00:00:02.000Z' },
  ],
  [
    { status: 'terminating', time: 3000, ...told },
    {
      status: 'terminating',
      termination_reason: 'swept',
      termination_kind: 'soft',
      time: '1970-01-01T00:00:03.000Z',
    },
  ],
  [
    { status: 'terminated', time: 4000, exitError: true },
    { status: 'terminated', exit_error: true, time: '1970-01-01T00:00:04.000Z' },
  ],
])('tells %o with an ISO time and nothing that is not known', async ([entry, document]) => {
  const { send } = jamsocketClient({
    statuses: async () => ({ ok: true, value: [...HISTORY, entry] }),
  })
  const response = await send('/v2/backend/b1/status?0.9x')
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  const answer: unknown = await response.json()
  expect(answer).toEqual(document)
  expect(isBackendState(answer)).toBe(true)
})

it('sends each status as one chunk of one line, from the first to the last', async () => {
  const { send } = jamsocketClient(watched([...HISTORY, ...END]))
  const response = await send('/v2/backend/b1/status/stream?0.9x}', {
    headers: { 'last-event-id': 'ready' },
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await chunksOf(response, 5)).toEqual([
    'data: {"status":"scheduled","time":"1970-01-01T00:00:01.000Z"}\n\n',
    'data: {"status":"ready","time":"1970-01-01T00:00:02.000Z"}\n\n',
    'data: {"status":"terminating","termination_reason":"swept","termination_kind":"soft",' +
      '"time":"1970-01-01T00:00:03.000Z"}\n\n',
    'data: {"status":"terminated","termination_reason":"swept","termination_kind":"soft",' +
      '"exit_error":true,"time":"1970-01-01T00:00:04.000Z"}\n\n',
    undefined,
  ])
})

it('sends an empty line while nothing happens, which no client takes for a message', async () => {
  const { send } = jamsocketClient(watched([], true), { keepAliveSeconds: 0.001 })
  const response = await send('/v2/backend/b1/status/stream')
  expect(await chunksOf(response, 3)).toEqual(['\n', '\n', '\n'])
})

it('answers HEAD without watching on', async () => {
  const left = Promise.withResolvers<string>()
  const value = new ReadableStream<StatusEntry>({ cancel: () => left.resolve('left') })
  const { send } = jamsocketClient({ watch: async () => ({ ok: true, value }) })
  const response = await send('/v2/backend/b1/status/stream', { method: 'HEAD' })
  expect([response.status, response.body]).toEqual([200, null])
  expect(await left.promise).toBe('left')
})

it.for(['status', 'status/stream'])('knows no %s of a backend that is not there', async (what) => {
  const { send } = jamsocketClient()
  for (const backend of ['nobody', 'Not-An-Id', 'x'.repeat(46)]) {
    const response = await send(`/v2/backend/${backend}/${what}`)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({
      error: { status: 404, code: 'NotFound', message: 'Backend does not exist' },
    })
  }
})
