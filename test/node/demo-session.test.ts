import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, SECRET } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import {
  SPAWNER_SECRET,
  startSpawnerServer,
  type SpawnerServer,
} from '../support/spawner-server.ts'

const PATH = '/_portico/dev/session'
const development = parseEnv(await readFile('development.env', 'utf8')) as Record<
  'DEVELOPMENT_KEY' | 'TOKEN_KEY' | 'CONTROL_KEY',
  string
>
const REAL_ISSUER = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWT_SECRET: SECRET }
const OWN_KEY = 'a-control-key-of-more-than-thirty-two-characters'

let spawner: SpawnerServer
let gate: ServedWorker
beforeAll(async () => {
  spawner = await startSpawnerServer()
  gate = await serve({ ...development, SPAWNER_URL: spawner.url, SPAWNER_SECRET })
})
afterAll(async () => {
  await gate.stop()
  await spawner.stop()
})

it('asks for the whiteboard, and tells the page no more than where it is', async () => {
  const asking = spawner.next()
  const opened = await order({ sub: 'alice' })
  const { type, data } = await asking
  expect({ type, ...data }).toMatchObject({
    type: 'backend.spawn',
    key: { namespace: '', name: 'demo-whiteboard' },
    executable: { image: 'whiteboard' },
    max_idle_seconds: 60,
  })
  const body = (await opened.json()) as Record<string, string>
  const { backend_id: id } = data
  expect(Object.keys(body).toSorted()).toEqual(['backend_id', 'status_url', 'url'])
  expect(body).toMatchObject({ backend_id: id, status_url: `${gate.origin}/pub/b/${id}/status` })
  expect(body['url']).toMatch(new RegExp(`^${gate.origin}/[\\w-]{1,80}/$`))
  expect(opened.headers.get('cache-control')).toBe('no-store')

  const next = (await (await order({ sub: 'bob' })).json()) as Record<string, string>
  expect(next['backend_id']).toBe(id)
  expect(next['url']).not.toBe(body['url'])
})

it.for([
  ['sub', 'no subject', {}],
  ['sub', 'an empty subject', { sub: '' }],
  ['key', 'an unknown member', { sub: 'alice', key: 'other' }],
  ['the body', 'what is not JSON', 'alice'],
] as const)('names %s in the refusal of %s', async ([field, , body]) => {
  const refused = await order(body)
  expect(refused.status).toBe(400)
  const { code, detail } = (await refused.json()) as { code: string; detail: string }
  expect(code).toBe('request_malformed')
  expect(detail).toContain(field)
})

it.for(['https://evil.example', 'http://localhost:1', 'null'])(
  'starts nothing for a page of %s',
  async (origin) => {
    const asked = spawner.asked.length
    const refused = await order({ sub: 'alice' }, { origin })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'origin_refused' })
    expect(spawner.asked).toHaveLength(asked)
  },
)

it('takes its own page', async () => {
  expect((await order({ sub: 'alice' }, { origin: gate.origin })).status).toBe(200)
})

it.for<[how: string, settings: Readonly<Record<string, string>>]>([
  ['without a development key', { ...REAL_ISSUER, CONTROL_KEY: development.CONTROL_KEY }],
  ['with a control key of its own', { DEVELOPMENT_KEY: development.DEVELOPMENT_KEY }],
])('is not there %s', async ([, settings]) => {
  const { TOKEN_KEY } = development
  const sessions = { SPAWNER_URL: spawner.url, SPAWNER_SECRET, TOKEN_KEY, CONTROL_KEY: OWN_KEY }
  const other = await serve({ DEMO: 'true', ...sessions, ...settings })
  const asked = spawner.asked.length
  const refused = await order({ sub: 'alice' }, {}, other)
  expect(await refused.json()).toMatchObject({ code: 'route_unknown' })
  expect(await (await fetch(other.origin)).text()).not.toContain('Open the whiteboard')
  expect(spawner.asked).toHaveLength(asked)
  await other.stop()
})

it('says what to do when the spawner does not answer', async () => {
  const lost = await serve({ ...development, SPAWNER_URL: 'http://127.0.0.1:1', SPAWNER_SECRET })
  const refused = await order({ sub: 'alice' }, {}, lost)
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  const { detail } = (await refused.json()) as { detail: string }
  expect(detail).toContain('the spawner at SPAWNER_URL does not answer: start it again')
  await lost.stop()
})

it('says so where there is no spawner', async () => {
  const without = await serve(development)
  const page = await (await fetch(without.origin)).text()
  expect(page).toContain('There is no spawner here')
  expect(page).not.toContain('Open the whiteboard')
  const refused = await order({ sub: 'alice' }, {}, without)
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({
    detail: 'spawn_config.executable: nothing here can run this',
  })
  await without.stop()
})

function serve(vars: Readonly<Record<string, string>>): Promise<ServedWorker> {
  const rooms = {
    CHAT_ROOM: 'ChatRoom',
    SUBJECT: 'Subject',
    BACKEND: 'Backend',
    BACKEND_KEY: 'BackendKey',
    BACKEND_INDEX: 'BackendIndex',
  }
  return serveWorker({ entry: 'src/index.ts', vars, rooms })
}

function order(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  worker = gate,
): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(worker.origin + PATH, { method: 'POST', headers, body: text })
}
