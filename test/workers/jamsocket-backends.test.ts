import { expect, it, vi } from 'vitest'
import { jamsocketClient } from '../fixtures/jamsocket-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const ISO = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
const FUTURE = '2999-01-01T00:00:00Z'

interface Listed {
  readonly running_backends: readonly { readonly id: string }[]
}

function serving(account: string) {
  const origin = { executable: { origin: 'http://127.0.0.1:9000' } }
  return jamsocketClient(
    {},
    { services: { [`${account}/notes`]: origin, [`${account}/boards`]: origin, 'no/body': {} } },
  )
}

async function idsOf(client: ReturnType<typeof serving>, account: string): Promise<string[]> {
  const response = await client.get(`/v2/account/${account}/backends?x`)
  const { running_backends } = await response.json<Listed>()
  return running_backends.map(({ id }) => id)
}

it('lists the backends of all services of an account, with the key where one was given', async () => {
  const client = serving('list')
  const keyed = await client.backend('list/notes', { key: 'doc' })
  const keyless = await client.backend('list/boards')
  const { running_backends } = await (await client.get('/v2/account/list/backends')).json<Listed>()
  const common = {
    created_at: ISO,
    account_name: 'list',
    cluster_name: '-',
    status: { status: 'ready', time: ISO },
  }
  expect(running_backends).toEqual([
    { ...common, id: keyed, service_name: 'notes', key: 'doc' },
    { ...common, id: keyless, service_name: 'boards' },
  ])
  for (const other of ['no', 'nobody']) expect(await idsOf(client, other)).toEqual([])
})

it('ends a backend, which then leaves the list', async () => {
  const client = serving('end')
  const [first, second] = [await client.backend('end/notes'), await client.backend('end/notes')]
  const response = await client.post(`/v2/backend/${first}/terminate?x`, { hard: false })
  expect(await response.json()).toEqual({ status: 'ok' })
  expect(await idsOf(client, 'end')).toEqual([second])
})

it.for<[body: unknown, kind: string]>([
  [undefined, 'soft'],
  [{}, 'soft'],
  [{ hard: null }, 'soft'],
  [{ hard: false }, 'soft'],
  [{ hard: true }, 'hard'],
])('ends a backend with %j: %s', async ([body, kind]) => {
  const client = serving('kinds')
  const id = await client.backend('kinds/notes')
  expect((await client.post(`/v2/backend/${id}/terminate`, body)).status).toBe(200)
  const status = await client.get(`/v2/backend/${id}/status`)
  expect(await status.json()).toMatchObject({
    status: 'terminated',
    termination_kind: kind,
    termination_reason: 'external',
  })
})

it.for(['yes', 1])('does not end a backend with hard: %j', async (hard) => {
  const client = serving('wrong')
  const id = await client.backend('wrong/notes')
  const response = await client.post(`/v2/backend/${id}/terminate`, { hard })
  expect(response.status).toBe(422)
  expect(await response.text()).toContain('hard: ')
  expect(await idsOf(client, 'wrong')).toContain(id)
})

it('tells all about a backend that a service started', async () => {
  const client = serving('info')
  // Others around it, so that it is found among them.
  for (let i = 0; i < 4; i++) await client.backend('info/notes')
  const id = await client.backend('info/notes', { key: 'doc' })
  expect(await (await client.get(`/v2/backend/${id}?x`)).json()).toEqual({
    id,
    created_at: ISO,
    account_name: 'info',
    service_name: 'notes',
    cluster_name: '-',
    key: 'doc',
    image_digest: '-',
    statuses: ['scheduled', 'loading', 'starting', 'waiting', 'ready'].map((status) => ({
      status,
      time: ISO,
    })),
  })
})

it('tells the history of a backend that has ended', async () => {
  const client = serving('over')
  const id = await client.backend('over/notes')
  await client.post(`/v2/backend/${id}/terminate`, { hard: true })
  const { statuses, ...info } = await (
    await client.get(`/v2/backend/${id}`)
  ).json<{ statuses: readonly object[] }>()
  expect(info).toMatchObject({ id, service_name: '-', account_name: '-' })
  const told = { termination_kind: 'hard', termination_reason: 'external', time: ISO }
  expect(statuses.slice(-2)).toEqual([
    { status: 'hard-terminating', ...told },
    { status: 'terminated', ...told, exit_error: false, last_status: 'hard-terminating' },
  ])
})

it('ends all backends of a service that are old enough, and no others', async () => {
  const client = serving('all')
  const notes = [await client.backend('all/notes'), await client.backend('all/notes')]
  const board = await client.backend('all/boards')
  const ask = async (body: object) => {
    const response = await client.post('/service/all/notes/terminate-backends', body)
    return response.json()
  }
  expect(await ask({ before: '2000-01-01T00:00:00Z', hard: false, dry_run: false })).toEqual({
    backend_count: 0,
    terminated_count: 0,
    is_complete: true,
  })
  expect(await ask({ before: FUTURE, hard: false, dry_run: true })).toEqual({
    backend_count: 2,
    terminated_count: 0,
    is_complete: true,
  })
  expect((await idsOf(client, 'all')).toSorted()).toEqual([...notes, board].toSorted())
  expect(await ask({ before: FUTURE, hard: true, dry_run: false })).toEqual({
    backend_count: 2,
    terminated_count: 2,
    is_complete: true,
  })
  expect(await idsOf(client, 'all')).toEqual([board])
})

it.for(['Not-An-Id', 'x'.repeat(46), 'a%2Fb'])('asks no object about %s', async (backend) => {
  const asked = vi.fn(() => Promise.reject(new Error('it was asked')))
  const client = jamsocketClient({ statuses: asked, watch: asked, terminate: asked })
  const path = `/v2/backend/${backend}`
  for (const response of [
    await client.get(path),
    await client.get(`${path}/status`),
    await client.get(`${path}/status/stream`),
    await client.post(`${path}/terminate`, {}),
    await client.get(`/v1/backend/${backend}/status`),
    await client.get(`/v1/backend/${backend}/status/stream`),
    await client.post(`/v1/backend/${backend}/terminate`),
  ]) {
    expect(response.status).toBe(404)
  }
  expect(asked).not.toHaveBeenCalled()
})

it.for([undefined, null, 'tomorrow', 0])('ends nothing before %j', async (before) => {
  const client = serving('before')
  const id = await client.backend('before/notes')
  const response = await client.post('/service/before/notes/terminate-backends', { before })
  expect(response.status).toBe(422)
  expect(await response.text()).toContain('before: ')
  expect(await idsOf(client, 'before')).toContain(id)
})

it('goes through all pages, up to what one request may ask', async () => {
  const asked: (string | undefined)[] = []
  const ended: string[] = []
  const client = jamsocketClient({
    async backends(namespace, { after, limit }) {
      asked.push(after)
      const first = Number(after ?? 0)
      const items = Array.from({ length: limit }, (_, i) => ({
        ...{ backendId: `b${first + i}`, key: undefined, namespace, createdAt: 1 },
      }))
      return { ok: true, value: { items, next: String(first + limit) } }
    },
    async terminate(backendId) {
      ended.push(backendId)
      return { ok: true, value: undefined }
    },
  })
  const response = await client.post('/service/acme/notes/terminate-backends', { before: FUTURE })
  expect(await response.json()).toEqual({
    backend_count: 200,
    terminated_count: 200,
    is_complete: false,
  })
  expect(asked).toEqual([undefined, '100'])
  expect(new Set(ended).size).toBe(200)
})

it('says that it is not done where one could not be ended', async () => {
  const failure = { kind: 'StoreUnavailable', message: 'not now' } as const
  const client = jamsocketClient({ terminate: async () => ({ ok: false, failure }) })
  await client.backend('other/notes')
  const response = await client.post('/service/other/notes/terminate-backends', { before: FUTURE })
  expect(await response.json()).toMatchObject({ terminated_count: 0, is_complete: false })
})
