import { expect, it } from 'vitest'
import type { OpenApiDocument, OperationObject } from '../../src/control/openapi.ts'
import { controlClient } from '../fixtures/control-client.ts'

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
    `default-src 'none'; style-src 'sha256-${encoded}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(page).toMatch(/^<!doctype html>/)
  expect(page).not.toMatch(/<script|\sstyle=|\son\w+=|\[object /i)
  const document = await described()
  for (const [name] of operationsOf(document)) expect(page).toContain(name)
  for (const [, target] of page.matchAll(/href="#(\w+)"/g)) {
    expect(page).toContain(`id="${target}"`)
  }
})
