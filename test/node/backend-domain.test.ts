import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, TOKEN_KEYS } from '../support/connection-keys.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { startBackend, type BackendProcess } from '../support/start-backend.ts'

const DEVELOPMENT_KEY = 'a-development-key-of-more-than-32-bytes'

let backend: BackendProcess
/** The default Worker with its demo, each backend of which has a host of its own. */
let worker: ServedWorker
beforeAll(async () => {
  backend = await startBackend()
  worker = await serve({ DEVELOPMENT_KEY, BACKEND_COOKIES: 'partitioned' })
})
afterAll(async () => {
  await backend.stop()
  await worker.stop()
})

function serve(vars: Readonly<Record<string, string>>): Promise<ServedWorker> {
  const [TOKEN_KEY] = TOKEN_KEYS
  const own = { TOKEN_KEY, CONTROL_KEY: ADMIN_KEY, BACKEND_DOMAIN: 'localhost' }
  return serveWorker({
    entry: 'src/index.ts',
    vars: { ...own, BACKEND_ORIGINS: backend.origin, ...vars },
    rooms: {
      CHAT_ROOM: 'ChatRoom',
      SUBJECT: 'Subject',
      BACKEND: 'Backend',
      BACKEND_KEY: 'BackendKey',
      BACKEND_INDEX: 'BackendIndex',
    },
  })
}

async function spawn(): Promise<{ backend_id: string; token: string }> {
  const executable = { origin: backend.origin }
  const response = await fetch(`${worker.origin}/ctrl/connect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ spawn_config: { executable, use_static_token: true } }),
  })
  expect(response.status).toBe(200)
  return (await response.json()) as { backend_id: string; token: string }
}

function ask(method: string, path: string, headers: readonly string[]): Promise<string> {
  return rawRequest(worker.port, [`${method} ${path} HTTP/1.1`, ...headers, 'Content-Length: 0'])
}

it.for(['/', '/_portico/demo.js', '/_portico/demo.css', '/_portico/dev/token'])(
  'shows nothing of the demo on the host of a backend: %s',
  async (path) => {
    const { backend_id, token } = await spawn()
    const method = path.endsWith('token') ? 'POST' : 'GET'
    const host = `Host: ${backend_id}.localhost`
    expect(await ask(method, path, [host])).toMatch(/^HTTP\/1\.1 401 /)
    const opened = await ask(method, path, [host, `Authorization: Bearer ${token}`])
    expect(opened).toMatch(/^HTTP\/1\.1 200 /)
    expect(opened).toContain(`"url":"${path}"`)
    expect(await ask(method, path, ['Host: there-is-none.localhost'])).toMatch(/^HTTP\/1\.1 404 /)
    const own = await ask(method, path, ['Host: localhost'])
    expect(own).not.toMatch(/^HTTP\/1\.1 4(?:01|04) /)
  },
)

it('sets partitioned cookies where BACKEND_COOKIES says so', async () => {
  const { backend_id, token } = await spawn()
  const link = `/_plane_auth?token=${token}`
  const response = await ask('GET', link, [`Host: ${backend_id}.localhost`])
  expect(response).toMatch(/^HTTP\/1\.1 302 /)
  expect(response).toMatch(/; Path=\/; HttpOnly; SameSite=None; Secure; Partitioned\r\n/)
})

it('refuses published keys on the host of a backend that is not loopback, too', async () => {
  const response = await ask('GET', '/', ['Host: x.backends.example'])
  expect(response).toMatch(/^HTTP\/1\.1 500 .*gate_misconfigured/s)
})

it.for<[name: string, value: string]>([
  ['BACKEND_DOMAIN', 'https://example.com'],
  ['BACKEND_DOMAIN', 'example.com/x'],
  ['BACKEND_DOMAIN', '*.example.com'],
  ['BACKEND_DOMAIN', 'example.com:99999'],
  ['BACKEND_COOKIES', 'none'],
])('refuses every request where %s is "%s", and names it', async ([name, value]) => {
  const misconfigured = await serve({ [name]: value })
  const response = await fetch(`${misconfigured.origin}/_portico/health`)
  const told = await response.json()
  await misconfigured.stop()
  expect(told).toMatchObject({ status: 500, code: 'gate_misconfigured' })
  expect(JSON.stringify(told)).toContain(`"${name}: `)
})
