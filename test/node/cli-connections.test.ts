import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, CONNECT_KEY } from '../support/connection-keys.ts'
import { porticoShell, type PorticoShell } from '../support/portico-shell.ts'
import { seenAt } from '../support/seen-through-gate.ts'
import {
  serveConnections,
  type ConnectAnswer,
  type ConnectionGate,
} from '../support/serve-connections.ts'

let gate: ConnectionGate
let shell: PorticoShell

beforeAll(async () => {
  gate = await serveConnections()
  shell = await porticoShell({ PORTICO_URL: gate.url(''), PORTICO_KEY: ADMIN_KEY })
})
afterAll(async () => {
  await gate.stop()
  await shell.remove()
})

/** What a line prints for programs. */
async function answerOf<T>(line: string): Promise<T> {
  const { code, stdout, stderr } = await shell.run(`${line} --json`)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.split('\n')).toEqual([expect.any(String), ''])
  return JSON.parse(stdout) as T
}

interface Connected {
  readonly backend_id: string
  readonly spawned: boolean
  readonly url: string
  readonly token_id: string
  readonly expires_at: string
}

function connect(options: string): Promise<Connected> {
  return answerOf(`portico connect --origin ${gate.backend.origin} ${options}`)
}

it('connects as whom it was told, with what the token may do', async () => {
  const { url, expires_at, backend_id } = await connect(
    `--user alice --auth '{"role":"writer"}' --expires-in 15m --method get --path /a`,
  )
  const path = new URL(url).pathname
  const cgi = await seenAt(gate.worker.port, 'HTTP', `${path}a/b`, [])
  expect(cgi).toMatchObject({
    HTTP_X_VERIFIED_USERNAME: 'alice',
    HTTP_X_VERIFIED_USER_DATA: '{"role":"writer"}',
    HTTP_X_VERIFIED_BACKEND: backend_id,
  })
  const minutes = (Date.parse(expires_at) - Date.now()) / 60_000
  expect([minutes > 10, minutes <= 15]).toEqual([true, true])
  const others = [fetch(`${url}b`), fetch(`${url}a`, { method: 'POST' })]
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([403, 403])
})

it('makes a token that can be used as often as it was told', async () => {
  const { url } = await connect('--max-uses 1')
  expect([(await fetch(url)).status, (await fetch(url)).status]).toEqual([200, 410])
})

it('tells people where to go', async () => {
  const line = `portico connect --origin ${gate.backend.origin} --key told --namespace people`
  const first = await shell.run(line)
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout.replace(/[a-z0-9]{14}$/m, 'ID')).toMatch(
    /^backend   ID\nstatus    \w+\nurl       http:\S+\/\ntoken id  tk-\S+\nexpires   \S+Z \(in (?:59|60)m\)\n$/,
  )
  const again = await shell.run(line)
  expect(again.stdout).toMatch(/^backend {3}[a-z0-9]{14} \(it was there\)\n/)
})

it('connects to a room', async () => {
  const { url } = await answerOf<Connected>('portico connect --room main/a/b')
  expect((await fetch(url)).status).toBe(200)
})

it.for<[name: string, options: string]>([
  ['nothing to start', '--key free'],
  ['the tag of another', `--key tagged --tag b --origin ORIGIN`],
  ['a wrong path', '--path x --origin ORIGIN'],
])('exits with 1 where the gate refuses %s, and says what to do', async ([, options]) => {
  await gate.connect({ key: { name: 'tagged', tag: 'a' } })
  const line = `portico connect ${options.replace('ORIGIN', gate.backend.origin)}`
  const { code, stdout, stderr } = await shell.run(line)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^portico: 4\d\d \w+: .+ \(id [a-z0-9]{14}\)\n\S.*\.\n$/)
})

it('lists the backends of a namespace, with key, status and age', async () => {
  const key = { name: 'doc-1', namespace: 'listed' }
  const { backend_id } = await gate.connect({ key })
  const { backends, is_complete } = await answerOf<{ backends: object[]; is_complete: boolean }>(
    'portico ls listed',
  )
  expect(backends).toEqual([
    {
      backend_id,
      key,
      namespace: 'listed',
      status: 'ready',
      created_at: expect.any(String),
    },
  ])
  expect(is_complete).toBe(true)
  const { stdout, stderr, code } = await shell.run('portico ls listed')
  expect(stdout).toMatch(
    new RegExp(`^BACKEND {9}KEY {4}STATUS {2}AGE\n${backend_id} {2}doc-1 {2}ready {3}\\d+s\n$`),
  )
  expect([code, stderr]).toEqual([0, ''])
})

it('says that a namespace is empty, and where a list is cut', async () => {
  expect(await shell.run('portico ls empty')).toEqual({
    code: 0,
    stdout: '',
    stderr: "There is no backend in the namespace 'empty'.\n",
  })
  const keys = ['a', 'b', 'c'].map((name) => ({ name, namespace: 'cut' }))
  await Promise.all(keys.map((key) => gate.connect({ key })))
  const { stdout, stderr } = await shell.run('portico ls cut --limit 2')
  expect(stdout.trim().split('\n')).toHaveLength(3)
  expect(stderr).toBe('There are more than 2; --limit shows them.\n')
  expect(await answerOf('portico ls cut --limit 2')).toMatchObject({ is_complete: false })
  expect(await answerOf('portico ls cut --limit 3')).toMatchObject({ is_complete: true })
})

it('shows what is in a name, and does not let the terminal obey it', async () => {
  const name = String.raw`\u001b[2J\u009b31m\u202e\u0007x`
  const key = JSON.parse(`"${name}"`) as string
  await gate.connect({ key: { name: key, namespace: 'evil' } })
  for (const option of ['', ' --json']) {
    const { stdout } = await shell.run(`portico ls evil${option}`)
    expect(stdout).toContain(name)
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  }
  const [title = '', row = ''] = (await shell.run('portico ls evil')).stdout.split('\n')
  expect(row.indexOf('ready')).toBe(title.indexOf('STATUS'))
  const { backends } = await answerOf<{ backends: { key: { name: string } }[] }>('portico ls evil')
  expect(backends.map((backend) => backend.key.name)).toEqual([key])
})

it('shows a status to people and to programs', async () => {
  const { backend_id } = await gate.connect()
  expect(await answerOf(`portico status ${backend_id}`)).toEqual({
    status: 'ready',
    time: expect.any(Number),
  })
  const { stdout } = await shell.run(`portico status ${backend_id}`)
  expect(stdout).toMatch(/^status {2}ready\nsince {3}\S+Z \(\d+s\)\n$/)
})

it('follows a backend until it has ended', async () => {
  const { backend_id } = await gate.connect()
  const followed = [` --json`, ''].map((option) =>
    shell.start(`portico status ${backend_id} --follow${option}`),
  )
  for (const { logged } of followed) await logged('ready')
  expect(await shell.run(`portico terminate ${backend_id}`)).toEqual({
    code: 0,
    stdout: `${backend_id} was asked to end.\n`,
    stderr: '',
  })
  const [forPrograms, forPeople] = await Promise.all(followed.map(({ finished }) => finished))
  expect([forPrograms?.code, forPeople?.code]).toEqual([0, 0])
  const statuses = forPrograms?.stdout.trim().split('\n') ?? []
  const told = statuses.map((line) => (JSON.parse(line) as { status: string }).status)
  const living = ['scheduled', 'loading', 'starting', 'waiting', 'ready']
  expect(told).toEqual([...living, 'terminating', 'terminated'])
  const lines = forPeople?.stdout.trim().split('\n') ?? []
  expect(lines).toHaveLength(told.length)
  expect(lines.at(-1)).toMatch(/^\S+Z {2}terminated {2}\(external, soft\)$/)
})

it('ends cleanly at Ctrl+C', async () => {
  const { backend_id } = await gate.connect()
  const following = shell.start(`exec portico status ${backend_id} --follow`)
  await following.logged('ready')
  following.interrupt()
  expect(await following.finished).toMatchObject({ code: 0, stderr: '' })
})

it.for([
  ['', 'soft'],
  ['--hard', 'hard'],
] as const)('ends a backend: %s', async ([option, kind]) => {
  const { backend_id } = await gate.connect()
  expect(await answerOf(`portico terminate ${backend_id} ${option}`)).toEqual({ backend_id, kind })
  const statuses = await gate.statusesUntil('terminated', backend_id)
  expect(statuses.at(-2)).toMatchObject({ termination_kind: kind })
})

it.for<[what: string, options: (connected: ConnectAnswer) => string]>([
  ['a token', ({ token_id }) => `--token-id ${token_id}`],
  ['those of a backend', ({ backend_id }) => `--backend ${backend_id}`],
  ['those of a user at a backend', ({ backend_id }) => `--backend ${backend_id} --user alice`],
  ['those of a key', () => '--key doc-1 --namespace revoked'],
  ['those of a user at a key', () => '--key doc-1 --namespace revoked --user alice'],
])('revokes %s', async ([, options]) => {
  const key = { name: 'doc-1', namespace: 'revoked' }
  const connected = await gate.connect({ user: 'alice', key })
  const answer = await answerOf<object>(`portico revoke ${options(connected)}`)
  expect(answer).toMatchObject({ tokens_revoked: 1, within_seconds: 0 })
  expect((await fetch(connected.url)).status).toBe(410)
})

it('revokes only the tokens of the user that was named', async () => {
  const { backend_id, url } = await gate.connect({ user: 'alice' })
  const { stdout } = await shell.run(`portico revoke --backend ${backend_id} --user bob`)
  expect(stdout).toBe('0 tokens were revoked.\n')
  expect((await fetch(url)).status).toBe(200)
})

it.for<[line: string, key: string, said: RegExp]>([
  ['portico terminate nobody', ADMIN_KEY, /^portico: 404 NotFound: /],
  ['portico status nobody', ADMIN_KEY, /^portico: 404 NotFound: /],
  ['portico status nobody --follow', ADMIN_KEY, /^portico: 404 NotFound: /],
  ['portico ls', CONNECT_KEY, /^portico: 403 Forbidden: .*\nUse a control key with a larger scope/],
  ['portico ls', `${ADMIN_KEY}x`, /^portico: 401 Unauthorized: .*\nCheck PORTICO_KEY/],
  ['portico status ../../ctrl/backends', ADMIN_KEY, /^portico: Backend does not exist\n/],
])('says why the gate refuses: %s', async ([line, key, said]) => {
  const { code, stdout, stderr } = await shell.run(line, { PORTICO_KEY: key })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(said)
  expect(stderr).not.toContain(key)
})

it('tells programs the same about a refusal, in one document', async () => {
  const { code, stdout, stderr } = await shell.run('portico terminate nobody --json')
  expect([code, stdout]).toEqual([1, ''])
  expect(JSON.parse(stderr)).toEqual({
    error: {
      message: expect.stringContaining('404 NotFound'),
      advice: expect.any(String),
      kind: 'NotFound',
      status: 404,
      id: expect.stringMatching(/^[a-z0-9]{14}$/),
    },
  })
})

it('takes --url before PORTICO_URL', async () => {
  const line = `portico ls --url ${gate.url('')}`
  expect(await shell.run(line, { PORTICO_URL: 'http://127.0.0.1:1' })).toMatchObject({ code: 0 })
})

it('leaves in silence where nobody reads on', async () => {
  await gate.connect({ key: { name: 'piped', namespace: 'piped' } })
  const { code, stderr } = await shell.run('portico ls piped | true')
  expect([code, stderr]).toEqual([0, ''])
})
