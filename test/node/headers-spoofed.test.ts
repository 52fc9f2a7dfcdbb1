import { afterAll, beforeAll, expect, it } from 'vitest'
import { ISSUER, mintToken } from '../support/mint-token.ts'
import { identityIn, seenThroughGate, ways } from '../support/seen-through-gate.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate()
})
afterAll(() => gate.stop())

const ALICE = {
  HTTP_X_VERIFIED_USERNAME: 'alice',
  HTTP_X_VERIFIED_USER_DATA: '{}',
  HTTP_X_VERIFIED_SUBJECT: 'alice',
  HTTP_X_VERIFIED_ISSUER: ISSUER,
}

const NAMES = [
  'x-verified-username',
  'X-Verified-Username',
  'X-VERIFIED-USERNAME',
  'X_Verified_Username',
  'X.Verified.Username',
  'X-Verified_Username',
  'X_Verified.Username',
  'X!Verified!Username',
  'X~Verified|Username',
  'x-verified--username',
  '_x-verified-username',
  'XVerifiedUsername',
  'x-verified-user-data',
  'X_Verified_User_Data',
  'x-verified-subject',
  'x-verified-issuer',
  'x-verified-session',
  'x-verified-secret',
  'x-verified-path',
  'x-verified-backend',
  'x-verified-anything-else',
  'x-partykit-props',
  'X_PartyKit_Props',
  'x-partykit-room',
  'x-partykit-namespace',
  'x-partykit-jurisdiction',
  'x-agents-room',
  'Forwarded',
  'X-Forwarded-For',
  'X_Forwarded_For',
  'X-Forwarded-Host',
  'X.Forwarded.Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Prefix',
  'X-Forwarded-Uri',
  'X-Forwarded-User',
  'X-Original-URL',
  'X-Original-URI',
  'X_Original_URL',
  'X-Rewrite-URL',
  'X-Clerk-Auth-Status',
  'Cf-Access-Authenticated-User-Email',
  'Cf_Access_Jwt_Assertion',
  'CF_Connecting_IP',
  'X_Real_IP',
  'True.Client.IP',
  'Content_Length',
  'Transfer_Encoding',
  'Proxy',
]

const SPOOFS: readonly (readonly string[])[] = [
  ...NAMES.map((name) => [`${name}: forged`]),
  ['x-verified-username: forged', 'x-verified-username: forged again'],
  ['x-verified-username: forged', 'X_VERIFIED_USERNAME: forged again'],
  ['x-verified-username: alice', 'x-verified-username: forged'],
  ['Connection: x-verified-username'],
  ['Connection: x-verified-username', 'x-verified-username: forged'],
  ['Connection: X-Verified-Username, x_verified_username', 'X_Verified_Username: forged'],
  ['Connection: x-verified-user-data, x-verified-subject, x-verified-issuer'],
]

it.for(SPOOFS.map((spoof) => ({ spoof: spoof.join(' + ') })))(
  'lets no caller say "$spoof"',
  async ({ spoof }) => {
    const lines = [...spoof.split(' + '), 'x-harmless: kept']
    const login = `Authorization: Bearer ${await mintToken()}`
    for (const way of ways) {
      for (const [guard, credential, identity] of [
        ['api', [], {}],
        ['api', [login], ALICE],
        ['required', [login], ALICE],
        ['hook', [], {}],
      ] as const) {
        const seen = await seenThroughGate(gate.worker.port, way, guard, [...credential, ...lines])
        const context = `${guard} ${way.kind} over ${way.by}, ${credential.length} credentials`
        expect(identityIn(seen), context).toEqual(identity)
        expect(JSON.stringify(seen), context).not.toContain('forged')
        expect(seen['HTTP_X_HARMLESS'], context).toBe('kept')
      }
    }
  },
)

it('tells a backend where the caller came from, and no more than it knows', async () => {
  const [way] = ways
  const lines = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Host: evil.example']
  const unknown = await seenThroughGate(gate.worker.port, way, 'api', lines)
  expect(unknown).toMatchObject({
    HTTP_X_FORWARDED_HOST: 'gate.example',
    HTTP_X_FORWARDED_PROTO: 'http',
    HTTP_X_FORWARDED_PREFIX: '/backends/api',
  })
  expect(unknown).not.toHaveProperty('HTTP_X_FORWARDED_FOR')
  // Cloudflare sets this header itself and overwrites what a caller sends.
  const known = await seenThroughGate(gate.worker.port, way, 'api', [
    ...lines,
    'CF-Connecting-IP: 192.0.2.1',
  ])
  expect(known).toMatchObject({ HTTP_X_FORWARDED_FOR: '192.0.2.1' })
})
