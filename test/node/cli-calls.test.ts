import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { VERSION } from '../../src/control/version.ts'
import { porticoShell, type PorticoShell } from '../support/portico-shell.ts'

const KEY = 'a-control-key-that-nobody-may-ever-see'
let shell: PorticoShell
beforeAll(async () => {
  const { url, close } = await listen(createServer())
  // Nobody listens there any more.
  close()
  shell = await porticoShell({ PORTICO_URL: url, PORTICO_KEY: KEY })
})
afterAll(() => shell.remove())

const COMMANDS = [
  'spawn',
  'connect',
  'ls',
  'status',
  'terminate',
  'revoke',
  'token mint',
  'token check',
]

it('names every command in its help', async () => {
  const { code, stdout, stderr } = await shell.run('portico --help; portico token --help')
  expect([code, stderr]).toEqual([0, ''])
  const names = COMMANDS.map((command) => command.split(' ').at(-1) ?? '')
  for (const name of [...names, 'token']) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
})

it.for(['', ...COMMANDS])('has a help with an example: %s', async (command) => {
  const { code, stdout, stderr } = await shell.run(`portico ${command} --help`)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`Usage: portico ${command}`)
  expect(stdout).toMatch(/\nExample:\n {2}portico \w/)
  if (command !== '') expect(stdout).toContain('--json')
})

it('tells its version', async () => {
  const finished = await shell.run('portico --version')
  expect(finished).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
})

it.for([
  '',
  'token',
  'nothing',
  'ls --nothing',
  'ls a b',
  'ls --limit many',
  'spawn',
  'status',
  'terminate',
  'revoke',
  'revoke --user alice',
  'revoke --key a --backend b',
  'revoke --backend b --namespace n',
  'revoke --token-id t --user alice',
  'connect --namespace n',
  'connect --tag t',
  'connect --max-idle 5m',
  'connect --static-token',
  'connect --origin http://a --room main/a',
  'connect --room main',
  'connect --spawn image',
  `connect --auth '["writer"]'`,
  'connect --expires-in soon',
  'spawn acme/notes -e =1',
  'spawn acme/notes -e NOT_SET',
  'spawn acme/notes -p http',
  'ls --url nowhere',
  'ls --url http://user:password@localhost',
  'ls --url ftp://localhost',
])('exits with 2, asks nobody, and says what is wrong: portico %s', async (line) => {
  const { code, stdout, stderr } = await shell.run(`portico ${line}`)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^(?:portico: \S|Usage: portico )/)
  expect(stderr).not.toContain('ECONNREFUSED')
})

it('says which gate cannot be reached', async () => {
  expect(await shell.run('portico ls')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'portico: The gate cannot be reached (ECONNREFUSED).\n' +
      'Check that the gate runs, and --url or PORTICO_URL.\n',
  })
})

it.for<[what: string, env: Readonly<Record<string, string>>, said: RegExp]>([
  [
    'no key',
    { PORTICO_KEY: '' },
    /^portico: PORTICO_KEY is not set: .*\nFor the gate of npm start: /,
  ],
  [
    'no key for a gate elsewhere',
    { PORTICO_KEY: '', PORTICO_URL: 'https://gate.example' },
    /^portico: PORTICO_KEY is not set: .*\nSet it where others cannot read it/,
  ],
  ['a short key', { PORTICO_KEY: 'short-key' }, /^portico: PORTICO_KEY: expected 32 to 512 /],
  ['a wrong URL', { PORTICO_URL: 'gate' }, /^portico: PORTICO_URL: expected the URL of the gate/],
])('exits with 2 where the environment has %s', async ([, env, said]) => {
  const { code, stdout, stderr } = await shell.run('portico ls', env)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(said)
  expect(stderr).not.toContain('short-key')
})

it('names the key of the development gate as `npm start` has it', async () => {
  const { stderr } = await shell.run('portico ls', { PORTICO_KEY: '', PORTICO_URL: '' })
  const [, key] = /export PORTICO_KEY=(\S+)/.exec(stderr) ?? []
  expect(key).toMatch(/^\S{32,}$/)
  expect(await readFile('development.env', 'utf8')).toContain(`\nCONTROL_KEY="${key}"\n`)
})

it.for(['ls --key', 'ls --control-key', 'status b --portico-key', 'token mint --sub a --secret'])(
  'takes no key from its arguments, and does not repeat one: portico %s',
  async (line) => {
    const { code, stdout, stderr } = await shell.run(`portico ${line}=${KEY}`)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/unknown option '--[a-z-]+'/)
    expect(stderr).not.toContain(KEY)
  },
)

it('shows no key to those who list processes', async () => {
  const server = createServer((_, response) => response.flushHeaders())
  const { url, close } = await listen(server)
  const asked = once(server, 'request')
  const running = shell.start(`exec portico ls --url ${url}`)
  try {
    await asked
    const { stdout } = await shell.run('ps -eo args')
    expect(stdout).toContain(`ls --url ${url}`)
    expect(stdout).not.toContain(KEY)
  } finally {
    running.interrupt()
    await running.finished
    close()
  }
})

it.for<[what: string, status: number, document: unknown]>([
  ['an error', 404, { id: 'abc', kind: 'NotFound', message: 'a\u001b[31m\u009b\r\nb' }],
  [
    'an error in an envelope',
    404,
    { error: { id: 'abc', code: 'NotFound', message: 'a\u001b]0;x\u0007' } },
  ],
])('lets the terminal obey nothing of %s', async ([, status, document]) => {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  const { url, close } = await listen(server)
  try {
    for (const option of ['', ' --json']) {
      const line = `portico terminate b${option} --url ${url}`
      const { code, stderr } = await shell.run(line)
      expect(code).toBe(1)
      expect(stderr).toContain('\\u001b')
      expect(stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    }
  } finally {
    close()
  }
})

it('lets the terminal obey nothing of a status', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const status of ['\u001b[2J', 'terminated']) {
      response.write(`data: ${JSON.stringify({ status, time: 1 })}\nid: ${status.length}\n\n`)
    }
    response.end()
  })
  const { url, close } = await listen(server)
  try {
    const { code, stdout } = await shell.run(`portico status b --follow --url ${url}`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\S+Z {2}\\u001b\[2J\n\S+Z {2}terminated\n$/)
  } finally {
    close()
  }
})

it('writes no colours, even where it is asked to', async () => {
  const { stdout, stderr } = await shell.run('portico --help; portico ls', { FORCE_COLOR: '1' })
  expect(stdout + stderr).not.toContain('\u001b')
})

async function listen(
  server: Server,
): Promise<{ readonly url: string; readonly close: () => void }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
