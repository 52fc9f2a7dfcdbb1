import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, READ_KEY } from '../support/connection-keys.ts'
import { porticoShell, type PorticoShell } from '../support/portico-shell.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import {
  reportTo,
  SPAWNER_SECRET,
  startSpawnerServer,
  type SpawnerServer,
} from '../support/spawner-server.ts'

let spawner: SpawnerServer
let gate: ConnectionGate
let shell: PorticoShell

beforeAll(async () => {
  spawner = await startSpawnerServer()
  gate = await serveConnections({
    spawner: { url: spawner.url, secret: SPAWNER_SECRET },
    jamsocketServices: { 'acme/notes': { executable: { image: 'notes' } } },
  })
  shell = await porticoShell({ PORTICO_URL: gate.url(''), PORTICO_KEY: ADMIN_KEY })
})
afterAll(async () => {
  await gate.stop()
  await spawner.stop()
  await shell.remove()
})

interface Spawned {
  readonly name: string
  readonly url: string
  readonly spawned: boolean
  readonly bearer_token?: string
}

async function spawn(options: string, env = {}): Promise<Spawned> {
  const { code, stdout, stderr } = await shell.run(
    `portico spawn acme/notes --json ${options}`,
    env,
  )
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Spawned
}

async function isReady(backend_id: string): Promise<void> {
  const address = { origin: gate.backend.origin }
  const response = await reportTo(gate.url(''), { backend_id, status: 'ready', address })
  expect(response.status).toBe(200)
}

it.for(['-r', '--request-bearer-token'])('requests a bearer token: %s', async (option) => {
  const { name, url, bearer_token = '' } = await spawn(option)
  expect(bearer_token).toMatch(/^s\.[\w-]{72}$/)
  await isReady(name)
  const authorization = `Bearer ${bearer_token}`
  const answers = [fetch(`${url}a`), fetch(`${url}a`, { headers: { authorization } })]
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 200])
})

it('starts a backend that is open to everyone without one', async () => {
  const { name, url, bearer_token } = await spawn('')
  expect(bearer_token).toBeUndefined()
  await isReady(name)
  expect((await fetch(`${url}a`)).status).toBe(200)
})

it('prints a link with which a browser gets in', async () => {
  const { code, stdout, stderr } = await shell.run('portico spawn acme/notes -r')
  expect([code, stderr]).toEqual([0, ''])
  const lines =
    /^backend {8}(\S+)\nstatus {9}\w+\nurl {12}(\S+)\nbearer token {3}(\S+)\nfor a browser {2}(\S+)\n$/
  const [, name = '', url = '', token, link = ''] = lines.exec(stdout) ?? []
  expect(link).toBe(`${url}_plane_auth?token=${token}`)
  await isReady(name)
  const opened = await fetch(`${link}&redirect=${encodeURIComponent('/a?b=c')}`, {
    redirect: 'manual',
  })
  expect(opened.status).toBe(302)
  const [cookie = ''] = (opened.headers.get('set-cookie') ?? '').split(';')
  const target = new URL(opened.headers.get('location') ?? '', link)
  expect((await fetch(target, { headers: { cookie } })).status).toBe(200)
})

it('hands on the environment, the port, the tag and the grace period', async () => {
  const options = '-e A=1 -e B=x=y --env C -e D= -p 8080 -t v2 -g 15m'
  const { name } = await spawn(options, { C: 'taken from here' })
  const asked = spawner.asked.find(({ data }) => data.backend_id === name)
  expect(asked?.data).toMatchObject({
    executable: {
      image: 'notes',
      env: { A: '1', B: 'x=y', C: 'taken from here', D: '' },
      port: 8080,
      tag: 'v2',
    },
    max_idle_seconds: 900,
  })
})

it('takes the backend that holds the lock, with the same token', async () => {
  const first = await spawn('-r -l doc-1')
  const second = await spawn('-r --lock doc-1')
  expect([first.spawned, second.spawned]).toEqual([true, false])
  expect([second.name, second.bearer_token]).toEqual([first.name, first.bearer_token])
  const { stdout } = await shell.run('portico spawn acme/notes -r -l doc-1')
  expect(stdout).toMatch(new RegExp(`^backend +${first.name} \\(it was there\\)\n`))
})

it.for<[line: string, key: string, said: string]>([
  ['acme/nothing', ADMIN_KEY, 'portico: 404 NotFound: '],
  ['acme', ADMIN_KEY, 'portico: Service does not exist'],
  ['acme/../notes', ADMIN_KEY, 'portico: Service does not exist'],
  ['acme/notes', READ_KEY, 'portico: 403 Forbidden: '],
  ['acme/notes -p 70000', ADMIN_KEY, 'portico: 422 InvalidRequest: port: '],
  ['acme/notes -g 0', ADMIN_KEY, 'portico: 422 InvalidRequest: grace_period_seconds: '],
])('says why the gate refuses: spawn %s', async ([line, key, said]) => {
  const { code, stdout, stderr } = await shell.run(`portico spawn ${line}`, { PORTICO_KEY: key })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(said)
})

it('says that the spawner refuses', async () => {
  spawner.answerWith([422, { message: 'executable.image: it is not in the catalogue' }])
  const { code, stderr } = await shell.run('portico spawn acme/notes')
  expect(code).toBe(1)
  expect(stderr).toContain('it is not in the catalogue')
})
