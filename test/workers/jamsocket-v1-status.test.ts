import { expect, it, vi } from 'vitest'
import type {
  BackendStatus,
  StatusEntry,
  TerminationReason,
} from '../../src/store/backend-status.ts'
import { streamOf } from '../fixtures/control-client.ts'
import { jamsocketClient } from '../fixtures/jamsocket-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const LIFE = ['scheduled', 'loading', 'starting', 'waiting', 'ready'] as const
type Alive = (typeof LIFE)[number]

/** A backend's history up to a status, a second for each. */
function upTo(last: Alive): StatusEntry[] {
  return LIFE.slice(0, LIFE.indexOf(last) + 1).map((status, at) => ({ status, time: at * 1000 }))
}

function after(
  history: readonly StatusEntry[],
  statuses: readonly BackendStatus[],
  entry: Partial<StatusEntry> = {},
): StatusEntry[] {
  const more = statuses.map((status, at) => ({
    ...entry,
    status,
    time: (history.length + at) * 1000,
  }))
  return [...history, ...more]
}

async function statusOf(history: readonly StatusEntry[]): Promise<unknown> {
  const { send } = jamsocketClient({ statuses: async () => ({ ok: true, value: history }) })
  const response = await send('/v1/backend/b1/status?0.5')
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  return response.json()
}

it.for<[status: Alive, state: string, second: number]>([
  ['scheduled', 'Loading', 0],
  ['loading', 'Loading', 0],
  ['starting', 'Starting', 2],
  ['waiting', 'Starting', 2],
  ['ready', 'Ready', 4],
])('calls %s %s, since second %i', async ([status, state, second]) => {
  const time = new Date(second * 1000).toISOString()
  expect(await statusOf(upTo(status))).toEqual({ state, time, backend: 'b1' })
})

it.for<[last: Alive, state: string]>([
  ['scheduled', 'Loading'],
  ['waiting', 'Starting'],
  ['ready', 'Ready'],
])('calls a backend that is ending after %s what it was: %s', async ([last, state]) => {
  const told = { terminationReason: 'external', terminationKind: 'soft' } as const
  for (const ending of ['terminating', 'hard-terminating'] as const) {
    expect(await statusOf(after(upTo(last), [ending], told))).toMatchObject({ state })
  }
})

it.for<
  [last: Alive, reason: TerminationReason | undefined, exit: boolean | undefined, state: string]
>([
  ['ready', 'external', false, 'Terminated'],
  ['loading', 'external', undefined, 'Terminated'],
  ['ready', 'swept', undefined, 'Swept'],
  ['ready', 'keyexpired', true, 'Swept'],
  ['ready', 'lost', undefined, 'Lost'],
  ['starting', 'lost', undefined, 'Lost'],
  ['scheduled', undefined, true, 'ErrorLoading'],
  ['loading', 'internalerror', undefined, 'ErrorLoading'],
  ['loading', 'startuptimeout', undefined, 'ErrorLoading'],
  ['starting', undefined, true, 'ErrorStarting'],
  ['starting', 'startuptimeout', undefined, 'ErrorStarting'],
  ['waiting', 'internalerror', undefined, 'ErrorStarting'],
  ['waiting', 'startuptimeout', undefined, 'TimedOutBeforeReady'],
  ['ready', undefined, false, 'Exited'],
  ['ready', undefined, true, 'Failed'],
  ['ready', 'internalerror', true, 'Failed'],
  ['ready', undefined, undefined, 'Terminated'],
])(
  'calls the end after %s by %s with a failed exit %j: %s',
  async ([last, reason, exit, state]) => {
    const told = {
      ...(reason !== undefined && { terminationReason: reason }),
      ...(exit !== undefined && { exitError: exit }),
    }
    expect(await statusOf(after(upTo(last), ['terminated'], told))).toMatchObject({ state })
    // The same through a stop that takes its time.
    const slowly = after(upTo(last), ['terminating', 'terminated'], told)
    expect(await statusOf(slowly)).toMatchObject({ state })
  },
)

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

it('sends each name once, as one chunk of one line, and closes after the last', async () => {
  const told = { terminationReason: 'external', terminationKind: 'hard' } as const
  const entries = after(upTo('ready'), ['hard-terminating', 'terminated'], told)
  const { send } = jamsocketClient({
    watch: async () => ({ ok: true, value: streamOf(entries) }),
  })
  const response = await send('/v1/backend/b1/status/stream?x}')
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('cache-control')).toBe('no-cache')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await chunksOf(response, 5)).toEqual([
    'data: {"state":"Loading","time":"1970-01-01T00:00:00.000Z","backend":"b1"}\n\n',
    'data: {"state":"Starting","time":"1970-01-01T00:00:02.000Z","backend":"b1"}\n\n',
    'data: {"state":"Ready","time":"1970-01-01T00:00:04.000Z","backend":"b1"}\n\n',
    'data: {"state":"Terminated","time":"1970-01-01T00:00:06.000Z","backend":"b1"}\n\n',
    undefined,
  ])
})

it('sends an empty line while nothing happens, as v2 does', async () => {
  const { send } = jamsocketClient(
    { watch: async () => ({ ok: true, value: streamOf([], true) }) },
    { keepAliveSeconds: 0.001 },
  )
  const response = await send('/v1/backend/b1/status/stream')
  expect(await chunksOf(response, 3)).toEqual(['\n', '\n', '\n'])
})

it.for([
  ['who leaves', 'GET'],
  ['of a HEAD', 'HEAD'],
] as const)('watches no more for a client %s', async ([, method]) => {
  const left = Promise.withResolvers<string>()
  const value = new ReadableStream<StatusEntry>({ cancel: () => left.resolve('left') })
  const { send } = jamsocketClient({ watch: async () => ({ ok: true, value }) })
  const response = await send('/v1/backend/b1/status/stream', { method })
  expect(response.status).toBe(200)
  await response.body?.cancel()
  expect(await left.promise).toBe('left')
})

it.for(['status', 'status/stream'])('knows no %s of a backend that is not there', async (what) => {
  const response = await jamsocketClient().send(`/v1/backend/nobody/${what}`)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await response.json()).toMatchObject({ error: { status: 404, code: 'NotFound' } })
})
