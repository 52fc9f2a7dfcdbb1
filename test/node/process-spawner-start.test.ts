import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCatalogue } from '../../src/process-spawner/catalogue.ts'
import { SECRET } from '../support/start-process-spawner.ts'

const PROGRAM = join(import.meta.dirname, '../../src/process-spawner/main.ts')
let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portico-spawner-'))
  file = join(folder, 'catalogue.json')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const node = { command: ['node', 'server.js'] }

it.for<[problem: string, catalogue: unknown]>([
  ['it is not JSON', '{'],
  ['the catalogue: Invalid input: expected record, received array', []],
  ['image.command: Invalid input: expected tuple, received undefined', { image: {} }],
  ['image.command: Invalid input: expected tuple, received string', { image: { command: 'ls' } }],
  ['image.command[0]: it is empty', { image: { command: [''] } }],
  ['image: Unrecognized key: "comand"', { image: { ...node, comand: [] } }],
  ['image.directory: there is no directory', { image: { ...node, directory: 'nowhere' } }],
  [
    'image.ready.path: expected a path that starts with a slash',
    { image: { ...node, ready: { path: 'x' } } },
  ],
  [
    'image.env.PORT: the spawner sets this variable itself',
    { image: { ...node, env: { PORT: '1' } } },
  ],
  [
    'image.env.A-B: expected the name of an environment variable',
    { image: { ...node, env: { 'A-B': '' } } },
  ],
  [
    'image.env.A: Invalid input: expected string, received number',
    { image: { ...node, env: { A: 1 } } },
  ],
  ...['PATH', 'HOST', 'PORT', 'SESSION_BACKEND_ID', 'SESSION_BACKEND_STATIC_TOKEN'].map(
    (name): [string, unknown] => [
      'image.allowed_env[1]: the spawner sets this variable itself',
      { image: { ...node, allowed_env: ['A', name] } },
    ],
  ),
  ['image.start_timeout_seconds: Too small', { image: { ...node, start_timeout_seconds: 0 } }],
  ['image.stop_grace_seconds: Too big', { image: { ...node, stop_grace_seconds: 301 } }],
])('refuses a catalogue and names the field: %s', async ([problem, catalogue]) => {
  await write(catalogue)
  expect(() => readCatalogue(file)).toThrow(`the catalogue ${file}: ${problem}`)
})

it('reads a catalogue, with directories relative to its file', async () => {
  await write({
    a: node,
    b: { ...node, directory: '/', ready: { path: '/x' }, stop_grace_seconds: 1 },
  })
  const catalogue = readCatalogue(file)
  expect(catalogue.get('a')).toEqual({
    ...{ command: node.command, directory: folder, env: {}, allowedEnv: [], readyPath: undefined },
    ...{ startTimeoutMs: 60_000, stopGraceMs: 10_000 },
  })
  expect(catalogue.get('b')).toMatchObject({ directory: '/', readyPath: '/x', stopGraceMs: 1000 })
})

it.for<[message: string, args: readonly string[], secret?: string]>([
  ['SPAWNER_SECRET: expected', [], ''],
  ['SPAWNER_SECRET: expected', [], 'secret'],
  ['SPAWNER_SECRET: expected', [], 'whsec_c2hvcnQ='],
  ['SPAWNER_SECRET: expected', [], `${SECRET},`],
  ['it cannot be read', ['--catalogue', 'nowhere.json']],
  ["option '--gate <url>' argument 'localhost' is invalid", ['--gate', 'localhost']],
  ["option '--gate <url>' argument 'file:///x' is invalid", ['--gate', 'file:///x']],
  ["option '--port <n>' argument '70000' is invalid", ['--port', '70000']],
  ["option '--orphan-seconds <n>' argument '0' is invalid", ['--orphan-seconds', '0']],
  ["option '--max-backends <n>' argument 'many' is invalid", ['--max-backends', 'many']],
  ['--host, --port: cannot listen', ['--host', '192.0.2.1']],
  ["error: unknown option '--secret'", ['--secret', 'x']],
])('does not start, and says why: %s', async ([message, args, secret = SECRET]) => {
  await write({ a: node })
  const required = [
    '--catalogue',
    file,
    '--gate',
    'http://127.0.0.1:1',
    '--state',
    join(folder, 'state'),
  ]
  const { code, output } = await run([...required, ...args], secret)
  expect(code).toBe(1)
  expect(output).toContain(message)
  expect(output).not.toMatch(/^\s+at /m)
  expect(output).not.toContain(SECRET.slice(6))
})

it('does not start on a port that is in use', async () => {
  await write({ a: node })
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const required = [
    '--catalogue',
    file,
    '--gate',
    'http://127.0.0.1:1',
    '--state',
    join(folder, 'state'),
  ]
  const { code, output } = await run([...required, '--port', String(port)], SECRET)
  server.close()
  expect({ code, output }).toEqual({
    code: 1,
    output: `spawner: --host, --port: cannot listen on port ${port} of 127.0.0.1\n`,
  })
})

it('explains itself with an example, and touches nothing', async () => {
  const before = await readdir(folder)
  const { code, output } = await run(['--help'], '')
  expect(code).toBe(0)
  expect(output).toMatch(/Example:\n.*SPAWNER_SECRET=.*\n.*npm run spawner -- --catalogue/)
  expect(await readdir(folder)).toEqual(before)
})

function write(catalogue: unknown): Promise<void> {
  return writeFile(file, typeof catalogue === 'string' ? catalogue : JSON.stringify(catalogue))
}

async function run(
  args: readonly string[],
  secret: string,
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    env: { SPAWNER_SECRET: secret },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ])
  return { code, output: out + error }
}
