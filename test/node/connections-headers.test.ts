import { afterAll, beforeAll, expect, it } from 'vitest'
import { identityIn, seenAt } from '../support/seen-through-gate.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections({ rememberSeconds: 5 })
})
afterAll(() => gate.stop())

/** The kinds of backends, as a spawn config names them. */
const kinds = {
  process: () => ({ origin: gate.backend.origin }),
  room: () => ({ room: { party: 'main', room: 'doc 1' } }),
} as const

const WAYS = [
  ['process', 'HTTP'],
  ['process', 'WebSocket'],
  ['room', 'HTTP'],
  ['room', 'WebSocket'],
] as const

const USERS: readonly (readonly [user: string, header: string])[] = [
  ['alice', 'alice'],
  ['Zoë 王 👋', 'Zo%C3%AB %E7%8E%8B %F0%9F%91%8B'],
  ['a\r\nx-verified-username: root', 'a%0D%0Ax-verified-username%3A root'],
  ['\u0000\u007f', '%00%7F'],
  [' padded ', '%20padded%20'],
  ['100%', '100%25'],
  ['', ''],
]

it.for(WAYS.flatMap((way) => USERS.map((user) => [...way, ...user] as const)))(
  'tells a %s by %s who connects: %j',
  async ([kind, by, user, header]) => {
    const auth = { name: user, 'schlüssel 王': ['👋', '\u0000\r\n"\\'], n: -0.5 }
    const executable = kinds[kind]()
    const { token, backend_id, secret_token } = await gate.connect({ user, auth }, { executable })
    // The second request is let in from the gate's memory, and has a path of its own.
    for (const path of [`/${token}/first`, `/${token}/a%2Fb`]) {
      const identity = identityIn(await seenAt(gate.worker.port, by, `${path}?q=1`, []))
      expect(identity).toEqual({
        HTTP_X_VERIFIED_USERNAME: header,
        HTTP_X_VERIFIED_USER_DATA: expect.stringMatching(/^\{[ -~]*\}$/),
        HTTP_X_VERIFIED_PATH: path,
        HTTP_X_VERIFIED_BACKEND: backend_id,
        HTTP_X_VERIFIED_SECRET: secret_token,
      })
      expect(decodeURIComponent(identity['HTTP_X_VERIFIED_USERNAME'] ?? '')).toBe(user)
      expect(JSON.parse(identity['HTTP_X_VERIFIED_USER_DATA'] ?? '')).toEqual(auth)
    }
  },
)

it.for(WAYS)('tells a %s by %s of nobody where the call named nobody', async ([kind, by]) => {
  const { token, backend_id, secret_token } = await gate.connect({}, { executable: kinds[kind]() })
  expect(identityIn(await seenAt(gate.worker.port, by, `/${token}/`, []))).toEqual({
    HTTP_X_VERIFIED_USER_DATA: '{}',
    HTTP_X_VERIFIED_PATH: `/${token}/`,
    HTTP_X_VERIFIED_BACKEND: backend_id,
    HTTP_X_VERIFIED_SECRET: secret_token,
  })
})

const SPOOFS: readonly (readonly string[])[] = [
  ...[
    'x-verified-username',
    'X-VERIFIED-USERNAME',
    'X_Verified_Username',
    'X.Verified.Username',
    'X-Verified_Username',
    'X!Verified!Username',
    'x-verified--username',
    '_x-verified-username',
    'XVerifiedUsername',
    'X_VERIFIED_USER_DATA',
    'x-verified-user_data',
    'X.Verified-Secret',
    'x_verified_path',
    'x-verified-backend',
    'x-verified-subject',
    'X_Verified_Issuer',
    'x-verified-session',
    'x-verified-permissions',
    'x-verified-organization',
    'x-verified-anything-else',
  ].map((name) => [`${name}: forged`]),
  ['x-verified-username: forged', 'X_VERIFIED_USERNAME: forged again'],
  ['Connection: x-verified-user-data, x-verified-secret, x-verified-path, x-verified-backend'],
  ['Connection: X-Verified-Secret, x_verified_secret', 'X_Verified_Secret: forged'],
]

it.for(WAYS)('drops what a caller forges, in every spelling: %s by %s', async ([kind, by]) => {
  // The harder case: without a user there is no header that would overwrite the forged one.
  const { token } = await gate.connect({}, { executable: kinds[kind]() })
  const target = `/${token}/`
  const honest = identityIn(await seenAt(gate.worker.port, by, target, []))
  expect(honest).toHaveProperty('HTTP_X_VERIFIED_SECRET')
  for (const lines of SPOOFS) {
    const cgi = await seenAt(gate.worker.port, by, target, lines)
    expect([lines, identityIn(cgi)]).toEqual([lines, honest])
    expect(JSON.stringify(cgi)).not.toContain('forged')
  }
})

it('keeps the identity of a static token empty, whatever the caller says', async () => {
  const { token, backend_id } = await gate.connect({}, { use_static_token: true })
  for (const lines of SPOOFS) {
    expect(identityIn(await seenAt(gate.worker.port, 'HTTP', `/${token}/`, lines))).toEqual({
      HTTP_X_VERIFIED_PATH: `/${token}/`,
      HTTP_X_VERIFIED_BACKEND: backend_id,
      HTTP_X_VERIFIED_SECRET: '',
    })
  }
})

it('refuses a user and data that would not fit the headers, naming the field', async () => {
  const spawn_config = { executable: { origin: gate.backend.origin } }
  for (const [field, value] of [
    ['user', '王'.repeat(1000)],
    ['auth', { a: 'x'.repeat(9000) }],
    ['user', '\ud800'],
  ] as const) {
    const response = await gate.control('/ctrl/connect', { spawn_config, [field]: value })
    expect([field, response.status]).toEqual([field, 422])
    expect(await response.json()).toMatchObject({ message: expect.stringMatching(`^${field}: `) })
  }
})
