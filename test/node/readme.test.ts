import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gatherLog } from '../support/process-log.ts'

const run = promisify(execFile)

/** A command block of the README, and the output that it shows below. */
interface Shown {
  readonly commands: string
  readonly output: string | undefined
}

const readme = await readFile('README.md', 'utf8')
const blocks = [...readme.matchAll(/```sh\n(.*?)```(?:\s*```text\n(.*?)```)?/gs)].map(
  ([, commands = '', output]): Shown => ({ commands: commands.trim(), output }),
)
const asked = blocks.filter(({ commands }) => commands.includes('localhost:8787'))

let gate: ChildProcess
let closed: Promise<unknown>
let port: number
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portico-readme-'))
  port = await freePort()
  gate = spawn('npm', ['start', '--', '--port', String(port), '--persist-to', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  closed = once(gate, 'close')
  await gatherLog(gate).logged('Ready on')
})

afterAll(async () => {
  gate.kill()
  // npm ends before what it has started.
  await closed
  await rm(folder, { recursive: true, force: true })
})

it('has no command block that is not run here', () => {
  const others = blocks.filter((block) => !asked.includes(block)).map(({ commands }) => commands)
  expect(others).toEqual(['npm start', 'npm test', 'npm pack'])
})

it('answers the commands of the quick start as the README shows', async () => {
  expect(asked).not.toEqual([])
  for (const { commands, output = '' } of asked) {
    const here = commands.replaceAll('localhost:8787', `localhost:${port}`)
    const { stdout } = await run('bash', ['-ec', here], { cwd: folder })
    expect(stdout.replaceAll('\r', '').trim()).toBe(output.trim())
  }
})

it('gives the test command that continuous integration runs', async () => {
  expect(await readFile('.ci/run', 'utf8')).toContain('\nrun_tests test test\n')
})

it('packs the package as the README says', async () => {
  const { stdout } = await run('npm', ['pack', '--pack-destination', folder])
  expect(stdout.trim()).toMatch(/portico-[\d.]+\.tgz$/)
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
