import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { manifestOf, packPackage, removeFolder, run } from '../support/packed-package.ts'

let packed: Awaited<ReturnType<typeof packPackage>>

beforeAll(async () => {
  packed = await packPackage()
})
afterAll(() => removeFolder(packed.folder))

it('passes publint', async () => {
  const file = await readFile(packed.tarball)
  const tarball = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
  const { messages } = await publint({ pack: { tarball } })
  expect(messages).toEqual([])
})

it('passes are-the-types-wrong', async () => {
  const { code, output } = await run('attw', [packed.tarball, '--profile', 'esm-only'])
  expect(code, output).toBe(0)
})

it('holds what its users need, and neither tests nor the demo', async () => {
  const { output } = await run('tar', ['-tzf', packed.tarball])
  const files = output.trim().split('\n')
  const folders = new Set(
    files.map((file) => file.replace(/^package\//, '').replace(/[^/]+\.(?:js|d\.ts)$/, '')),
  )
  expect([...folders].toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist/package/',
    'dist/package/carry/',
    'dist/package/cli/',
    'dist/package/connection/',
    'dist/package/control-client/',
    'dist/package/control/',
    'dist/package/forward/',
    'dist/package/gate/',
    'dist/package/hook/',
    'dist/package/identity/',
    'dist/package/jamsocket/',
    'dist/package/policy/',
    'dist/package/providers/',
    'dist/package/refusal/',
    'dist/package/route/',
    'dist/package/store/',
    'dist/package/ticket/',
    'dist/package/token/',
    'dist/package/verify/',
    'package.json',
  ])
})

it('has exactly these entries', async () => {
  const { exports = {} } = await manifestOf('.')
  expect(Object.keys(exports)).toEqual(['.', './room', './objects', './server', './package.json'])
})

// An export that goes or changes its name breaks somebody's build: it belongs into CHANGELOG.md.
it.for([
  {
    entry: 'portico',
    values: [
      'ConfigurationError',
      'TokenRefusedError',
      'auth0',
      'betterAuth',
      'clerk',
      'clerkCarriers',
      'cloudflareAccess',
      'cloudflareAccessCarriers',
      'cognito',
      'createGate',
      'firebase',
      'jwt',
      'keycloak',
      'oidc',
      'reportBackend',
      'sessionService',
      'sharedSecret',
      'signToken',
      'supabase',
      'verifyToken',
      'workos',
    ],
    types: [
      'Algorithm',
      'Auth0Options',
      'AuthMode',
      'BackendLobby',
      'BackendNews',
      'BackendOptions',
      'BetterAuthOptions',
      'Caller',
      'CarrierOptions',
      'Claims',
      'ClerkOptions',
      'ClerkToken',
      'CloudflareAccessOptions',
      'CognitoOptions',
      'ConnectionOptions',
      'ControlKey',
      'ControlScope',
      'CorsOptions',
      'FirebaseOptions',
      'GateEnv',
      'GateOptions',
      'GateVariables',
      'Grants',
      'Hook',
      'Identified',
      'Identity',
      'IdentityServiceOptions',
      'IntrospectionOptions',
      'JamsocketServices',
      'Jwk',
      'JwtClaims',
      'JwtIssuerOptions',
      'KeycloakOptions',
      'Lobby',
      'OidcOptions',
      'Operation',
      'Organization',
      'Party',
      'PermissionOptions',
      'PresetOptions',
      'PrivateJwk',
      'Refusal',
      'RefusalCode',
      'Result',
      'RoomLobby',
      'RoomOptions',
      'SessionServiceOptions',
      'SharedSecretOptions',
      'SignTokenOptions',
      'SignedToken',
      'SigningAlgorithm',
      'SpawnOutcome',
      'SpawnRequest',
      'Spawner',
      'SupabaseOptions',
      'TicketOptions',
      'TokenKind',
      'TokenRule',
      'Verifier',
      'VerifyContext',
      'WebhookSpawner',
      'WorkosOptions',
    ],
  },
  {
    entry: 'room',
    values: ['connectionOf', 'identityOf'],
    types: ['Caller', 'Connection', 'Operation'],
  },
  {
    entry: 'server',
    values: ['ConfigurationError', 'createPortico'],
    types: [
      'Answer',
      'ConnectAnswer',
      'ConnectRequest',
      'Fetch',
      'ListedBackend',
      'ListedToken',
      'Portico',
      'PorticoError',
      'PorticoErrorKind',
      'PorticoOptions',
      'RevokeAnswer',
      'RevokeRequest',
      'SpawnAnswer',
      'SpawnRequest',
      'Status',
    ],
  },
])('exports exactly these names from $entry', async ({ entry, values, types }) => {
  // `npm pack` built what it packed in place.
  const built: unknown = await import(resolve(`dist/package/${entry}.js`))
  expect(Object.keys(built as object).toSorted()).toEqual(values)
  const declared = await readFile(`dist/package/${entry}.d.ts`, 'utf8')
  expect(exportedNames(declared)).toEqual([...values, ...types].toSorted())
})

const OBJECTS = ['Backend', 'BackendIndex', 'BackendKey', 'Subject']

it('exports exactly the Durable Objects from objects', async () => {
  // Only Workers can import it: its classes extend one of `cloudflare:workers`.
  const built = await readFile('dist/package/objects.js', 'utf8')
  const declared = await readFile('dist/package/objects.d.ts', 'utf8')
  expect(exportedNames(built)).toEqual(OBJECTS)
  expect(exportedNames(declared)).toEqual(OBJECTS)
})

it('runs on one workerd: tests, `npm start` and the build', async () => {
  const { output } = await run('npm', ['ls', 'workerd', '--all', '--parseable', '--long'])
  const versions = output.match(/(?<=:workerd@)[^:\s]+/g) ?? []
  expect([...new Set(versions)]).toHaveLength(1)
})

/** An entry only re-exports, so its export clauses name everything. */
function exportedNames(declarations: string): readonly string[] {
  const lists = declarations.matchAll(/^export (?:type )?\{([^}]+)\}/gm)
  const spaces = declarations.matchAll(/^export type \* as (\w+)/gm)
  const listed = [...lists].flatMap(([, list = '']) => list.split(','))
  const names = listed.map((name) => name.trim().replace(/^type /, '')).filter(Boolean)
  return [...names, ...[...spaces].map(([, name = '']) => name)].toSorted()
}
