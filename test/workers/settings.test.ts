import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { createGate } from '../../src/portico.ts'
import { gateOptionsFrom } from '../../src/settings/gate-options.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'

interface Problem {
  readonly code: string
  readonly detail: string
}

const SHORT = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWT_SECRET: SECRET }
/** Stands for whatever an operator pasted into the wrong place. */
const VALUE = 'hunter2-hunter2-hunter2-hunter2-hunter2'
const CONNECTED = { ...SHORT, TOKEN_KEY: `${VALUE}-${VALUE}`, CONTROL_KEY: VALUE }

async function requestWith(
  vars: Readonly<Record<string, unknown>>,
  path: string,
  init?: RequestInit,
) {
  const gate = createGate((bindings: Cloudflare.Env) =>
    gateOptionsFrom<Cloudflare.Env>(readSettings(bindings), undefined, {}),
  )
  return gate.fetch(
    new Request(`https://gate.example${path}`, init),
    { ...env, ...vars },
    createExecutionContext(),
  )
}

function issuersWith(changes: Readonly<Record<string, unknown>>): { readonly JWT_ISSUERS: string } {
  return { JWT_ISSUERS: JSON.stringify([{ issuer: ISSUER, ...changes }]) }
}

function pem(label: string): string {
  return `-----BEGIN ${label}-----\n${btoa(VALUE)}\n-----END ${label}-----`
}

const wrong: readonly (readonly [named: string, vars: Readonly<Record<string, unknown>>])[] = [
  ['JWT_ISSUERS', {}],
  ['JWT_ISSUERS', { JWT_ISSUERS: '' }],
  ['JWT_ISSUERS', { JWT_ISSUERS: VALUE }],
  ['JWT_ISSUERS', { JWT_ISSUERS: '[]' }],
  ['JWT_ISSUERS', { JWT_ISSUERS: `{"issuer":"${VALUE}"}` }],
  ['JWT_ISSUERS', { JWT_ISSUERS: [{ issuer: VALUE }] }],
  [
    'JWT_ISSUERS',
    {
      JWT_ISSUERS: JSON.stringify([
        { issuer: 'https://a.example' },
        { issuer: 'https://a.example' },
      ]),
    },
  ],
  ['JWT_ISSUERS', { ...SHORT, ...issuersWith({ audience: AUDIENCE }) }],
  ['JWT_ISSUERS[0]', { JWT_ISSUERS: `["${VALUE}"]` }],
  ['JWT_ISSUERS[0]', issuersWith({ jwks: VALUE })],
  ['JWT_ISSUERS[0].issuer', { JWT_ISSUERS: '[{}]' }],
  ['JWT_ISSUERS[1].issuer', { JWT_ISSUERS: JSON.stringify([{ issuer: ISSUER }, { issuer: '' }]) }],
  ['JWT_ISSUERS[0].jwks_url', issuersWith({ jwks_url: VALUE })],
  ['JWT_ISSUERS[0].jwks_url', issuersWith({ jwks_url: `http://keys.example/${VALUE}` })],
  ['JWT_ISSUERS[0].jwks_url', issuersWith({ jwks_url: `https://user:${VALUE}@keys.example/` })],
  [
    'JWT_ISSUERS[0].jwks_url, JWT_ISSUERS[0].public_key',
    issuersWith({ jwks_url: 'https://keys.example/', public_key: VALUE }),
  ],
  ['JWT_ISSUERS[0].public_key', issuersWith({ public_key: VALUE })],
  ['JWT_ISSUERS[0].public_key', issuersWith({ public_key: pem('PUBLIC KEY') })],
  ['JWT_ISSUERS[0].public_key', issuersWith({ public_key: pem('PRIVATE KEY') })],
  ['JWT_ISSUERS[0].audience', issuersWith({ audience: [] })],
  ['JWT_ISSUERS[0].audience', issuersWith({ audience: '' })],
  ['JWT_ISSUERS[0].audience[0]', issuersWith({ audience: [''] })],
  ['JWT_ISSUERS[0].authorized_parties', issuersWith({ authorized_parties: [] })],
  ['JWT_ISSUERS[0].algorithms', issuersWith({ algorithms: [] })],
  ['JWT_ISSUERS[0].algorithms[0]', issuersWith({ algorithms: ['none'] })],
  ['JWT_ISSUERS[0].algorithms', issuersWith({ algorithms: ['HS256'] })],
  ['JWT_ISSUERS[0].clock_skew_seconds', issuersWith({ clock_skew_seconds: 3600 })],
  ['JWT_ISSUERS[0].clock_skew_seconds', issuersWith({ clock_skew_seconds: 0.5 })],
  ['JWT_ISSUERS[0].max_age_seconds', issuersWith({ max_age_seconds: -1 })],
  ['JWT_ISSUERS[0].user_claim', issuersWith({ user_claim: '' })],
  ['JWT_ISSUERS[0].forward_claims[0]', issuersWith({ forward_claims: [1] })],
  ['JWT_ISSUER', { JWT_SECRET: VALUE }],
  ['JWT_ISSUER', { JWT_PUBLIC_KEY: VALUE }],
  ['JWT_ISSUER', { JWT_AUDIENCE: AUDIENCE }],
  ['JWT_ISSUER', { ...SHORT, JWT_ISSUER: '' }],
  ['JWT_SECRET', { ...SHORT, JWT_SECRET: '' }],
  ['JWT_SECRET', { ...SHORT, JWT_SECRET: VALUE.slice(0, 31) }],
  ['JWT_PUBLIC_KEY, JWT_SECRET', { ...SHORT, JWT_PUBLIC_KEY: VALUE }],
  ['JWT_PUBLIC_KEY', { JWT_ISSUER: ISSUER, JWT_PUBLIC_KEY: VALUE }],
  ['JWT_PUBLIC_KEY', { JWT_ISSUER: ISSUER, JWT_PUBLIC_KEY: pem('PUBLIC KEY') }],
  ['JWKS_URL', { JWT_ISSUER: ISSUER, JWKS_URL: VALUE }],
  ['JWT_AUDIENCE', { ...SHORT, JWT_AUDIENCE: 'a,,b' }],
  ['JWT_ALGORITHMS', { ...SHORT, JWT_ALGORITHMS: 'HS256,HS384' }],
  ['JWT_ALGORITHMS', { ...SHORT, JWT_ALGORITHMS: 'RS256' }],
  ['JWT_ALGORITHMS[0]', { ...SHORT, JWT_ALGORITHMS: 'none' }],
  ['ALLOWED_ORIGINS[0]', { ...SHORT, ALLOWED_ORIGINS: '*' }],
  ['ALLOWED_ORIGINS[0]', { ...SHORT, ALLOWED_ORIGINS: VALUE }],
  [
    'ALLOWED_ORIGINS[1]',
    { ...SHORT, ALLOWED_ORIGINS: 'https://app.example, https://app.example/' },
  ],
  ['ALLOWED_ORIGINS[1]', { ...SHORT, ALLOWED_ORIGINS: 'https://app.example,' }],
  ['ROOMS', { ...SHORT, ROOMS: VALUE }],
  ['ROOMS', { ...SHORT, ROOMS: '[]' }],
  ['ROOMS.main', { ...SHORT, ROOMS: '{"main":1}' }],
  ['ROOMS.main', { ...SHORT, ROOMS: '{"main":{"binding":"ECHO_ROOM","auth":"hook"}}' }],
  ['ROOMS.main.binding', { ...SHORT, ROOMS: `{"main":"${VALUE}"}` }],
  ['ROOMS.main.binding', { ...SHORT, ROOMS: `{"main":{"binding":"${VALUE}"}}` }],
  ['BACKENDS', { ...SHORT, BACKENDS: '"https://api.example"' }],
  [
    'BACKENDS.api',
    { ...SHORT, BACKENDS: `{"api":{"origin":"https://api.example","service":"${VALUE}"}}` },
  ],
  [
    'BACKENDS.api',
    { ...SHORT, BACKENDS: '{"api":{"origin":"https://api.example","path":"drop"}}' },
  ],
  ['BACKENDS.api.origin', { ...SHORT, BACKENDS: `{"api":"${VALUE}"}` }],
  ['BACKENDS.api.origin', { ...SHORT, BACKENDS: `{"api":"https://user:${VALUE}@api.example"}` }],
  ['BACKENDS.api.service', { ...SHORT, BACKENDS: `{"api":{"service":"${VALUE}"}}` }],
  ['PERMISSIONS', { ...SHORT, PERMISSIONS: VALUE }],
  ['PERMISSIONS', { ...SHORT, PERMISSIONS: '[]' }],
  ['PERMISSIONS', { ...SHORT, PERMISSIONS: '{}' }],
  ['PERMISSIONS', { ...SHORT, PERMISSIONS: '{"everyone":{},"roles":{}}' }],
  ['PERMISSIONS', { ...SHORT, PERMISSIONS: '{"claim":"rooms","role":{}}' }],
  ['PERMISSIONS.claim', { ...SHORT, PERMISSIONS: '{"claim":""}' }],
  ['PERMISSIONS.everyone', { ...SHORT, PERMISSIONS: `{"everyone":"${VALUE}"}` }],
  ['PERMISSIONS.everyone.main', { ...SHORT, PERMISSIONS: '{"everyone":{"main":["read"]}}' }],
  ['PERMISSIONS.roles.admin', { ...SHORT, PERMISSIONS: `{"roles":{"admin":["${VALUE}"]}}` }],
  [
    'PERMISSIONS.roles.admin.main:*',
    { ...SHORT, PERMISSIONS: `{"roles":{"admin":{"main:*":"${VALUE}"}}}` },
  ],
  [
    'PERMISSIONS.named.edit.main:*[1]',
    { ...SHORT, PERMISSIONS: `{"named":{"edit":{"main:*":["read","${VALUE}"]}}}` },
  ],
  [
    'ROOMS.backends',
    { ...SHORT, ROOMS: '{"backends":"ECHO_ROOM"}', PERMISSIONS: '{"claim":"rooms"}' },
  ],
  ['TOKEN_KEY', { ...SHORT, TOKEN_KEY: VALUE.slice(0, 31) }],
  ['TOKEN_KEY', { ...SHORT, TOKEN_KEY_PREVIOUS: VALUE }],
  ['TOKEN_KEY_PREVIOUS', { ...SHORT, TOKEN_KEY: VALUE, TOKEN_KEY_PREVIOUS: VALUE.slice(0, 31) }],
  ['SUBJECT, for TOKEN_KEY', { ...SHORT, TOKEN_KEY: VALUE, SUBJECT: undefined }],
  ['TOKEN_KEY', { ...SHORT, CONTROL_KEY: VALUE }],
  ['CONTROL_KEY[0].key', { ...SHORT, TOKEN_KEY: VALUE, CONTROL_KEY: VALUE.slice(0, 31) }],
  ['CONTROL_KEY', { ...SHORT, TOKEN_KEY: VALUE, CONTROL_KEY: `${VALUE},${VALUE}` }],
  ['BACKEND, for CONTROL_KEY', { ...CONNECTED, BACKEND: undefined }],
  ['BACKEND_KEY, for CONTROL_KEY', { ...CONNECTED, BACKEND_KEY: undefined }],
  ['BACKEND_INDEX, for CONTROL_KEY', { ...CONNECTED, BACKEND_INDEX: undefined }],
  ['BACKEND_ORIGINS[1]', { ...CONNECTED, BACKEND_ORIGINS: `http://a.example,${VALUE}` }],
  ['BACKEND_ORIGINS[0]', { ...CONNECTED, BACKEND_ORIGINS: `http://a.example/${VALUE}` }],
  [`BACKEND_SERVICES.ABSENT`, { ...CONNECTED, BACKEND_SERVICES: 'ABSENT' }],
  ['REMEMBER_TOKENS_SECONDS', { ...CONNECTED, REMEMBER_TOKENS_SECONDS: 'five' }],
  ['REMEMBER_TOKENS_SECONDS', { ...CONNECTED, REMEMBER_TOKENS_SECONDS: '61' }],
  ['JAMSOCKET_SERVICES', { ...CONNECTED, JAMSOCKET_SERVICES: '[]' }],
  ['JAMSOCKET_SERVICES', { ...CONNECTED, JAMSOCKET_SERVICES: `{"${VALUE}":{}}` }],
  [
    'JAMSOCKET_SERVICES.a/b.max_idle_seconds',
    { ...CONNECTED, JAMSOCKET_SERVICES: '{"a/b":{"max_idle_seconds":0}}' },
  ],
  ['JAMSOCKET_SERVICES.a/b', { ...CONNECTED, JAMSOCKET_SERVICES: '{"a/b":{"image":"x"}}' }],
  ['ROOT_REDIRECT_URL', { ...CONNECTED, ROOT_REDIRECT_URL: `ftp://${VALUE}` }],
  ['DEVELOPMENT_KEY', { ...SHORT, DEVELOPMENT_KEY: VALUE.slice(0, 31) }],
  ['DEMO', { ...SHORT, DEMO: VALUE }],
]

it.for(wrong)(
  'names the setting %s when it is wrong, and never shows its value: %o',
  async ([named, vars]) => {
    const response = await requestWith(vars, '/parties/main/x')
    expect(response.status).toBe(500)
    const text = await response.text()
    const { code, detail } = JSON.parse(text) as Problem
    expect(code).toBe('gate_misconfigured')
    expect(detail.startsWith(`${named}: `)).toBe(true)
    expect(text).not.toContain(VALUE.slice(0, 16))
    expect(text).not.toContain(btoa(VALUE).slice(0, 16))
  },
)

it('names every setting whose form is wrong', async () => {
  const response = await requestWith(
    { JWT_SECRET: '', DEMO: 'yes', ...issuersWith({ audience: 1 }) },
    '/parties/main/x',
  )
  const { detail } = await response.json<Problem>()
  expect(detail).toMatch(/JWT_ISSUERS\[0\]\.audience: .+; JWT_SECRET: .+; DEMO: /)
})

it('serves the room that the settings name, and no other binding', async () => {
  const headers = { authorization: await mintToken() }
  const vars = { ...SHORT, ROOMS: '{"main":{"binding":"ECHO_ROOM","auth":"optional"}}' }
  expect((await requestWith(vars, '/parties/main/x', { headers })).status).toBe(200)
  expect((await requestWith(vars, '/parties/main/x')).status).toBe(200)
  expect((await requestWith(vars, '/parties/ECHO_ROOM/x', { headers })).status).toBe(404)
  expect((await requestWith(SHORT, '/parties/main/x', { headers })).status).toBe(404)
})

it('lets people do what the settings grant, and nothing else', async () => {
  const permissions = {
    claim: 'scope',
    named: { 'main:read': { 'main:*': ['read'] } },
    everyone: { 'main:lobby': ['write'] },
  }
  const vars = {
    ...SHORT,
    ROOMS: '{"main":"ECHO_ROOM"}',
    PERMISSIONS: JSON.stringify(permissions),
  }
  const headers = { authorization: await mintToken({ scope: 'openid main:read' }) }
  const post = { method: 'POST', headers }
  expect((await requestWith(vars, '/parties/main/x', { headers })).status).toBe(200)
  expect((await requestWith(vars, '/parties/main/x', post)).status).toBe(403)
  expect((await requestWith(vars, '/parties/main/lobby', post)).status).toBe(200)
})

it('needs no issuer where connection tokens are all that there is', async () => {
  const { TOKEN_KEY, CONTROL_KEY } = CONNECTED
  const vars = { TOKEN_KEY, CONTROL_KEY, ROOT_REDIRECT_URL: 'https://app.example/start' }
  const status = await requestWith(vars, '/ctrl/status', {
    headers: { authorization: `Bearer ${CONTROL_KEY}` },
  })
  expect([status.status, await status.json()]).toMatchObject([200, { status: 'ok' }])
  expect((await requestWith(vars, '/ctrl/status')).status).toBe(401)
  const root = await requestWith(vars, '/', { redirect: 'manual' })
  expect([root.status, root.headers.get('location')]).toEqual([301, vars.ROOT_REDIRECT_URL])
})

it('lets a control key do only what its scope says', async () => {
  const vars = { ...CONNECTED, CONTROL_KEY: `read:${VALUE}, connect:${VALUE}-2` }
  const asked = async (key: string, path: string, method = 'GET') =>
    (await requestWith(vars, path, { method, headers: { authorization: `Bearer ${key}` } })).status
  expect(await asked(VALUE, '/ctrl/status')).toBe(200)
  expect(await asked(VALUE, '/ctrl/connect', 'POST')).toBe(403)
  expect(await asked(`${VALUE}-2`, '/ctrl/connect', 'POST')).toBe(415)
  expect(await asked(`${VALUE}-2`, '/ctrl/b/x/soft-terminate', 'POST')).toBe(403)
})

it('serves Jamsocket’s API where services are configured for it', async () => {
  const headers = { authorization: `Bearer ${VALUE}`, 'content-type': 'application/json' }
  const origin = 'https://notebooks.example'
  const services = { 'acme/notebooks': { executable: { origin }, max_idle_seconds: 60 } }
  const vars = {
    ...CONNECTED,
    BACKEND_ORIGINS: origin,
    JAMSOCKET_SERVICES: JSON.stringify(services),
  }
  const path = '/v2/service/acme/notebooks/connect'
  const response = await requestWith(vars, path, { method: 'POST', headers, body: '{}' })
  expect([response.status, await response.json()]).toMatchObject([200, { spawned: true }])
  const without = await requestWith(CONNECTED, path, { method: 'POST', headers, body: '{}' })
  expect(without.status).toBe(404)
})

it('has no control API without a control key', async () => {
  for (const path of ['/ctrl/status', '/pub/health', '/_portico/openapi.json']) {
    expect((await requestWith(SHORT, path)).status).toBe(404)
  }
})
