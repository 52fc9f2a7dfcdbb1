import { expect, it, vi } from 'vitest'
import { controlClient } from '../fixtures/control-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const forms: readonly (readonly [body: object, selector: object])[] = [
  [{ token_id: 'tk-1' }, { tokenId: 'tk-1' }],
  [{ backend_id: 'b1' }, { backendId: 'b1' }],
  [
    { backend_id: 'b1', user: 'alice' },
    { backendId: 'b1', user: 'alice' },
  ],
  [
    { backend_id: 'b1', user: '' },
    { backendId: 'b1', user: '' },
  ],
  [{ backend: 'b1' }, { backendId: 'b1' }],
  [
    { backend: 'b1', user: 'alice' },
    { backendId: 'b1', user: 'alice' },
  ],
  [{ key: { name: 'k' } }, { key: { name: 'k', namespace: '' } }],
  [
    { key: { name: 'k', namespace: 'n' }, user: 'alice' },
    { key: { name: 'k', namespace: 'n' }, user: 'alice' },
  ],
]

it.for(forms)('POST /ctrl/revoke revokes what %o says, and tells how many', async (form) => {
  const [body, selector] = form
  const { post, calls } = controlClient()
  const response = await post('/ctrl/revoke', body)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({
    tokens_revoked: 2,
    leases_closed: 0,
    rooms_reached: 0,
    within_seconds: 5,
  })
  expect(response.headers.get('x-portico-tokens-revoked')).toBe(null)
  expect(calls).toEqual([['revoke', selector]])
})

it.for(forms)('POST /ctrl/b/revoke answers as Plane only what Plane has: %o', async (form) => {
  const [body, selector] = form
  const { post, calls } = controlClient()
  const response = await post('/ctrl/b/revoke', body)
  const isPlanes = 'backend_id' in body && 'user' in body
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(response.headers.get('x-portico-tokens-revoked')).toBe(isPlanes ? '2' : null)
  expect(response.headers.get('x-portico-revoked-within-seconds')).toBe(isPlanes ? '5' : null)
  const answer = await response.json()
  if (isPlanes) expect(answer).toBe('Token revoked successfully')
  else expect(answer).toMatchObject({ tokens_revoked: 2 })
  expect(calls).toEqual([['revoke', selector]])
})

it.for<[field: string, body: unknown]>([
  ['the body', {}],
  ['the body', []],
  ['the body', { user: 'alice' }],
  ['token_id', { token_id: '' }],
  ['token_id', { token_id: 'x'.repeat(129) }],
  ['the body', { token_id: 'tk-1', user: 'alice' }],
  ['the body', { token_id: 'tk-1', backend_id: 'b1' }],
  ['the body', { backend_id: 'b1', user: null }],
  ['the body', { backend_id: 'b1', usr: 'alice' }],
  ['the body', { backend_id: 'b1', issued_before: 5 }],
  ['backend_id', { backend_id: 'B1' }],
  ['backend', { backend: 'B1' }],
  ['the body', { backend: 'b1', backend_id: 'b1' }],
  ['the body', { backend: 'b1', usr: 'alice' }],
  ['the body', { backend: 'b1', key: { name: 'k' } }],
  ['the body', { backend_id: 'b1', key: { name: 'k' } }],
  ['key.name', { key: { name: '' } }],
  ['key', { key: { name: 'k', tag: 't' } }],
  ['key.namespace', { key: { name: 'k', namespace: 'n'.repeat(513) } }],
  ['the body', { key: { name: 'k' }, user: 5 }],
])('refuses what could revoke more than was meant, and names %s: %o', async ([field, body]) => {
  for (const path of ['/ctrl/revoke', '/ctrl/b/revoke']) {
    const { post, calls } = controlClient()
    const response = await post(path, body)
    const { message } = await response.json<{ message: string }>()
    expect([response.status, message.split(': ')[0]]).toEqual([422, field])
    expect(calls).toEqual([])
  }
})

it.for([
  ['/ctrl/b/b1/soft-terminate', 'soft'],
  ['/ctrl/c/rooms.example:80/b/b1/soft-terminate', 'soft'],
  ['/ctrl/b/b1/hard-terminate', 'hard'],
  ['/ctrl/c/rooms.example:80/b/b1/hard-terminate', 'hard'],
] as const)('POST %s asks for a %s end, with any body or none', async ([path, kind]) => {
  for (const body of [undefined, 'no JSON']) {
    const { post, calls } = controlClient()
    const response = await post(path, body)
    expect([response.status, await response.text()]).toEqual([200, 'null'])
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(calls).toEqual([['terminate', 'b1', kind]])
  }
})
