import { expect, it, vi } from 'vitest'
import { controlClient } from '../fixtures/control-client.ts'
import packageFile from '../../package.json' with { type: 'json' }

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

it('lists the backends of a namespace, with the beginning of the next page', async () => {
  const { get, calls } = controlClient({
    backends: async () => ({
      ok: true,
      value: {
        items: [
          { backendId: 'b1', key: { name: 'k', namespace: 'n' }, namespace: 'n', createdAt: 1500 },
          { backendId: 'b2', key: undefined, namespace: 'n', createdAt: 2500 },
        ],
        next: 'b2',
      },
    }),
  })
  const response = await get('/ctrl/backends?namespace=n&after=b0&limit=2&cache-buster')
  expect(await response.json()).toEqual({
    backends: [
      {
        backend_id: 'b1',
        key: { name: 'k', namespace: 'n' },
        namespace: 'n',
        created_at: '1970-01-01T00:00:01.500Z',
      },
      { backend_id: 'b2', key: null, namespace: 'n', created_at: '1970-01-01T00:00:02.500Z' },
    ],
    next: 'b2',
  })
  expect(calls).toEqual([['backends', 'n', { after: 'b0', limit: 2 }]])
})

it('lists the tokens of a backend', async () => {
  const none = { usesLeft: undefined, origin: undefined, methods: undefined, path: undefined }
  const { get, calls } = controlClient({
    tokens: async () => ({
      ok: true,
      value: {
        items: [
          {
            ...none,
            tokenId: 'tk-1',
            user: undefined,
            isStatic: true,
            issuedAt: 1,
            expiresAt: undefined,
            revokedAt: undefined,
          },
          {
            tokenId: 'tk-2',
            user: 'alice',
            isStatic: false,
            issuedAt: 1,
            expiresAt: 61,
            usesLeft: 0,
            origin: 'https://a.example',
            methods: ['GET'],
            path: '/docs',
            revokedAt: 2,
          },
        ],
        next: undefined,
      },
    }),
  })
  const response = await get('/ctrl/b/b1/tokens')
  expect(await response.json()).toEqual({
    tokens: [
      {
        token_id: 'tk-1',
        user: null,
        is_static: true,
        issued_at: '1970-01-01T00:00:01.000Z',
        expires_at: null,
        uses_left: null,
        origin: null,
        scope: { methods: null, path: null },
        revoked_at: null,
      },
      {
        token_id: 'tk-2',
        user: 'alice',
        is_static: false,
        issued_at: '1970-01-01T00:00:01.000Z',
        expires_at: '1970-01-01T00:01:01.000Z',
        uses_left: 0,
        origin: 'https://a.example',
        scope: { methods: ['GET'], path: '/docs' },
        revoked_at: '1970-01-01T00:00:02.000Z',
      },
    ],
  })
  expect(calls).toEqual([['tokens', 'b1', { after: undefined, limit: 50 }]])
})

it('lists the empty namespace, from its beginning, where nothing else is asked for', async () => {
  const { get, calls } = controlClient()
  expect(await (await get('/ctrl/backends')).json()).toEqual({ backends: [] })
  expect(calls).toEqual([['backends', '', { after: undefined, limit: 50 }]])
})

it.for([
  ['limit', 'limit=0'],
  ['limit', 'limit=101'],
  ['limit', 'limit=-1'],
  ['limit', 'limit=ten'],
  ['limit', 'limit='],
  ['after', 'after='],
  ['after', 'after=!!!'],
  ['after', 'after=tk-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789ABCD'],
  ['after', `after=${'x'.repeat(1025)}`],
])('refuses a wrong %s: ?%s', async ([field, query]) => {
  const { get, calls } = controlClient()
  for (const path of ['/ctrl/backends', '/ctrl/b/b1/tokens']) {
    const response = await get(`${path}?${query}`)
    const { kind, message } = await response.json<Record<string, string>>()
    expect([response.status, kind]).toEqual([400, 'InvalidRequest'])
    expect(message).toMatch(new RegExp(`^${field}: `))
  }
  expect(calls).toEqual([])
})

const CURSOR = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_ABCDE'

it.for<[path: string, after: string]>([
  ['/ctrl/b/b1/tokens', CURSOR.slice(1)],
  ['/ctrl/b/b1/tokens', `${CURSOR}E`],
  ['/ctrl/b/b1/tokens', `${CURSOR.slice(0, -1)}F`],
  ['/ctrl/b/b1/tokens', `+${CURSOR.slice(1)}`],
  ['/ctrl/b/b1/tokens', `${CURSOR}=`],
  ['/ctrl/b/b1/tokens', 'b1'],
  ['/ctrl/backends', CURSOR],
  ['/ctrl/backends', 'b1 '],
  ['/ctrl/backends', 'n'.repeat(46)],
])('starts no list of %s anew after what was never its next page: %s', async ([path, after]) => {
  const { get, calls } = controlClient()
  const response = await get(`${path}?after=${encodeURIComponent(after)}`)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({
    message: expect.stringMatching(/^after: expected /),
  })
  expect(calls).toEqual([])
})

it('goes on where a list of tokens said that its next page is', async () => {
  const { get, calls } = controlClient()
  expect((await get(`/ctrl/b/b1/tokens?after=${CURSOR}&limit=100`)).status).toBe(200)
  expect(calls).toEqual([['tokens', 'b1', { after: CURSOR, limit: 100 }]])
})

it.for(['0', '101', 'ten'])('says once that a limit of %s is wrong', async (limit) => {
  const response = await controlClient().get(`/ctrl/backends?limit=${limit}`)
  const message = 'limit: expected a whole number from 1 to 100'
  expect(await response.json()).toMatchObject({ message })
})

it('refuses a namespace that no key can have', async () => {
  const { get, calls } = controlClient()
  const response = await get(`/ctrl/backends?namespace=${'n'.repeat(513)}`)
  const { message } = await response.json<{ message: string }>()
  expect([response.status, message.split(':')[0], calls]).toEqual([400, 'namespace', []])
})

it('tells that it is there, whatever the query', async () => {
  const { get, calls } = controlClient()
  expect(await (await get('/ctrl/status?x')).json()).toEqual({
    status: 'ok',
    version: packageFile.version,
    hash: 'unknown',
  })
  expect(await (await get('/pub/health?x', {})).json()).toEqual({ status: 'ok' })
  expect(calls).toEqual([])
})
