import { expect, it, vi } from 'vitest'
import type { OpenApiDocument, OperationObject } from '../../src/control/openapi.ts'
import { ADMIN, controlClient } from '../fixtures/control-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

async function described(): Promise<OpenApiDocument> {
  return (await controlClient().get('/_portico/openapi.json', {})).json<OpenApiDocument>()
}

function operationsOf({ paths }: OpenApiDocument): [string, OperationObject][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, OperationObject] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
}

/** Every member of the document called `name`, at any depth. */
function membersOf(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => [
    ...(key === name ? [member] : []),
    ...membersOf(member, name),
  ])
}

it('describes every route that is answered, and no other', async () => {
  const routes = controlClient()
    .api.routes.filter(({ method, path }) => method !== 'ALL' && !path.endsWith('*'))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  const document = await described()
  expect(operationsOf(document).map(([name]) => name)).toEqual(routes)
  expect(routes.length).toBeGreaterThan(15)
})

it('refers to nothing that is not there, and has nothing that is not referred to', async () => {
  const document = await described()
  const references = new Set(membersOf(document, '$ref'))
  const schemas = Object.keys(document.components.schemas)
  expect(references).toEqual(new Set(schemas.map((name) => `#/components/schemas/${name}`)))
  expect(membersOf(document, '$id')).toEqual([])
  expect(membersOf(document, '$schema')).toEqual([])
})

it('names each operation once, with all that stands in its path', async () => {
  const operations = operationsOf(await described())
  const names = operations.map(([, { operationId }]) => operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const [name, { parameters = [], summary }] of operations) {
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    expect(inPath.map((parameter) => `{${parameter.name}}`)).toEqual(name.match(/\{\w+\}/g) ?? [])
    expect(inPath.every(({ required }) => required)).toBe(true)
    expect(summary).not.toBe('')
  }
})

it('says of every path under /ctrl that it needs a key, and of no other', async () => {
  for (const [name, { security, responses }] of operationsOf(await described())) {
    const needsKey = name.includes(' /ctrl/')
    expect([name, security.length]).toEqual([name, needsKey ? 1 : 0])
    expect([name, '401' in responses, '403' in responses]).toEqual([name, needsKey, needsKey])
  }
})

it('has the limits that requests are checked with', async () => {
  const { components } = await described()
  const text = JSON.stringify(components.schemas['ConnectRequest'])
  expect(JSON.parse(text)).toMatchObject({
    type: 'object',
    properties: {
      key: { anyOf: [{ $ref: '#/components/schemas/ConnectKey' }, { type: 'null' }] },
      auth: { type: 'object' },
      expires_in_seconds: { anyOf: [{ minimum: 1, maximum: 2_592_000 }, { type: 'null' }] },
    },
  })
  expect(components.schemas['SpawnConfig']).toMatchObject({ required: ['executable'] })
})

/** What the document says of a value of a field or a parameter. */
function patternOf(document: OpenApiDocument, schema: string, field: string): RegExp {
  const { properties } = document.components.schemas[schema] ?? {}
  const [pattern, ...others] = membersOf((properties as Record<string, unknown>)[field], 'pattern')
  expect(others).toEqual([])
  return new RegExp(String(pattern), 'u')
}

it.for<[field: 'origin' | 'path', value: string, status: number]>([
  ['origin', 'https://app.example.com', 200],
  ['origin', 'http://localhost:8787', 200],
  ['origin', 'http://127.0.0.1:0', 200],
  ['origin', 'https://[2001:db8::1]:8443', 200],
  ['origin', "http://!$&'()*+,-.;=_`{}~0az", 200],
  ['origin', 'https://app.example.com/', 422],
  ['origin', 'https://APP.example.com', 422],
  ['origin', 'https://me@app.example.com', 422],
  ['origin', 'https://äpp.example.com', 422],
  ['origin', 'https://a.example.com:', 422],
  ['origin', 'https://a.example.com:08', 422],
  ['origin', 'https://a b', 422],
  ['origin', 'ftp://app.example.com', 422],
  ['origin', 'null', 422],
  ['origin', '', 422],
  ['path', '/', 200],
  ['path', '/docs/a%20b%C3%A9', 200],
  ['path', '/!"$&\'()*+,-.09:;<=>@AZ[]^_`az{|}~', 200],
  ['path', 'docs', 422],
  ['path', '', 422],
  ['path', '/docs?x=1', 422],
  ['path', '/docs#x', 422],
  ['path', '/a\\b', 422],
  ['path', '/a b', 422],
  ['path', '/docs%zz', 422],
  ['path', '/docs%2', 422],
  ['path', '/dócs', 422],
])('describes the %s %s by a pattern as it is answered: %i', async ([field, value, status]) => {
  const body = field === 'origin' ? { origin: value } : { scope: { path: value } }
  const response = await controlClient().post('/ctrl/connect', body)
  const schema = field === 'origin' ? 'ConnectRequest' : 'Scope'
  const isDescribed = patternOf(await described(), schema, field).test(value)
  expect([response.status, isDescribed]).toEqual([status, status === 200])
})

it('describes limits as it takes them', async () => {
  const operations = operationsOf(await described())
  const limits = operations.flatMap(([path, { parameters = [] }]) =>
    parameters.filter(({ name }) => name === 'limit').map(({ schema }) => [path, schema] as const),
  )
  expect(limits.map(([path]) => path)).toEqual([
    'GET /ctrl/backends',
    'GET /ctrl/b/{backend}/tokens',
  ])
  for (const limit of ['0', '1', '9', '10', '99', '100', '101', '199', '999', '01', '1e1', '']) {
    for (const [path, schema] of limits) {
      const [, address = ''] = path.replace('{backend}', 'b1').split(' ')
      const { status } = await controlClient().get(`${address}?limit=${limit}`)
      const isDescribed = new RegExp(String(schema['pattern']), 'u').test(limit)
      expect([limit, isDescribed]).toEqual([limit, status === 200])
    }
  }
})

it('describes the answer to a path that no URL can have, wherever one can be sent', async () => {
  const paths = operationsOf(await described()).filter(([name]) => name.includes('{'))
  expect(paths.length).toBeGreaterThan(10)
  for (const [name, { responses }] of paths) {
    const [method = '', path = ''] = name.replaceAll(/\{\w+\}/g, '%zz').split(' ')
    const { send, as } = controlClient()
    const { status } = await send(path, { method, headers: as(ADMIN) })
    expect([name, status, '400' in responses]).toEqual([name, 400, true])
  }
})

it('describes the headers that are read', async () => {
  const read = operationsOf(await described()).flatMap(([path, { parameters = [] }]) =>
    parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => [path, name]),
  )
  expect(read).toEqual([
    ['GET /pub/b/{backend}/status-stream', 'Last-Event-ID'],
    ['GET /pub/c/{cluster}/b/{backend}/status-stream', 'Last-Event-ID'],
  ])
})

it('describes the headers that an answer has for numbers which its body does not tell', async () => {
  const { paths } = await described()
  const { responses } = paths['/ctrl/b/revoke']?.['post'] ?? {}
  const { headers = {} } = responses?.['200'] ?? {}
  const response = await controlClient().post('/ctrl/b/revoke', { backend_id: 'b1', user: 'u' })
  const sent = [...response.headers.keys()].filter((name) => name.startsWith('x-portico-'))
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  expect(new Set(names)).toEqual(new Set(sent))
  expect(sent.length).toBe(2)
})

it('calls nothing that is sent read-only', async () => {
  expect(membersOf(await described(), 'readOnly')).toEqual([])
})

it('tells on the page what a field may be, and no bound that all numbers have', async () => {
  const page = await (await controlClient().get('/_portico/api', {})).text()
  const text = page.replaceAll(/<[^>]+>/g, '')
  for (const words of [
    'subdomain: string or null',
    'uses_left: integer from 0 or null',
    'tokens_revoked: integer from 0',
    'leases_closed: integer from 0',
    'rooms_reached: integer from 0',
    'within_seconds: integer from 0 for how long',
    'time: integer milliseconds',
    'max_uses?: integer from 1 to 2147483647 or null',
    'Last-Event-ID in the header',
    'X-Portico-Tokens-Revoked in its header',
  ]) {
    expect(text).toContain(words)
  }
  expect(text).not.toMatch(/9007199254740991|undefined|NaN/)
  expect(page.match(/<code>\w+<\/code>\??: anything/g)).toEqual([
    '<code>executable</code>: anything',
  ])
})

it('is also a page to read, which needs no script and lets none in', async () => {
  const response = await controlClient().get('/_portico/api', {})
  expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8')
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const page = await response.text()
  const [, style = ''] = /<style>([^]*?)<\/style>/.exec(page) ?? []
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
  const encoded = btoa(String.fromCharCode(...new Uint8Array(hash)))
  expect(response.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${encoded}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(page).toMatch(/^<!doctype html>/)
  expect(page).not.toMatch(/<script|\sstyle=|\son\w+=|\[object /i)
  const document = await described()
  for (const [name] of operationsOf(document)) expect(page).toContain(name)
  for (const [, target] of page.matchAll(/href="#(\w+)"/g)) {
    expect(page).toContain(`id="${target}"`)
  }
})
