import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeFolder, run } from '../support/packed-package.ts'
import { gatherLog } from '../support/process-log.ts'
import { isAlive } from '../support/start-process-spawner.ts'

const NOTICE = 'Installing dependencies'

let folder: string
let project: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portico-scripts-'))
  project = join(folder, 'project')
})
afterAll(() => removeFolder(folder))

describe('npm start', () => {
  it('serves with development keys, says where, and asks nobody', async () => {
    await using server = await startServer('npm', ['start', '--'])
    expect(server.printed()).toContain('Portico, with development keys')

    const health = await fetch(`${server.url}/_portico/health`)
    expect(await health.json()).toEqual({ status: 'ok' })
    const body = JSON.stringify({ sub: 'alice' })
    const minted = await fetch(`${server.url}/_portico/dev/token`, { method: 'POST', body })
    expect(minted.status).toBe(200)

    expect(server.printed()).not.toMatch(/update available|Request\.cf|telemetry|ERROR/)
  })

  it('leaves no process behind when npm is told to stop', async () => {
    await using server = await startServer('npm', ['start', '--'])
    server.child.kill('SIGTERM')
    // Open for as long as any process that npm started is there.
    await once(server.child, 'close')
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  })

  it('ends well when it is told to stop', async () => {
    await using server = await startServer(process.execPath, ['scripts/dev.mjs'])
    server.child.kill('SIGINT')
    await once(server.child, 'close')
    expect(server.child.exitCode).toBe(0)
  })

  it('runs session backends as processes, and ends them when it is told to stop', async () => {
    await using server = await startServer(process.execPath, ['scripts/dev.mjs'])
    const order = { method: 'POST', body: JSON.stringify({ sub: 'alice' }) }
    const opened = await fetch(`${server.url}/_portico/dev/session`, order)
    const { url, backend_id } = (await opened.json()) as { url: string; backend_id: string }
    expect(await (await fetch(`${url}who`)).json()).toMatchObject({ user: 'alice' })
    const { pid } = await server.stateOf(`backends/${backend_id}/child.json`)
    expect(isAlive(pid)).toBe(true)
    server.child.kill('SIGTERM')
    await once(server.child, 'close')
    expect(isAlive(pid)).toBe(false)
  })

  it("keeps the spawner's secret out of the arguments, of what it prints, and of what it leaves", async () => {
    await using server = await startServer(process.execPath, ['scripts/dev.mjs'])
    const [, file = ''] = /defined in (\S+spawner\.env)/.exec(server.printed()) ?? []
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const { SPAWNER_SECRET = '' } = parseEnv(await readFile(file, 'utf8'))
    expect(SPAWNER_SECRET).toMatch(/^whsec_.{44}$/)
    const { output } = await run('ps', ['-eo', 'args'])
    expect(output).toContain('process-spawner/main.ts')
    expect(output).not.toContain(SPAWNER_SECRET)
    server.child.kill('SIGTERM')
    await once(server.child, 'close')
    expect(server.printed()).not.toContain(SPAWNER_SECRET)
    await expect(stat(file)).rejects.toThrow('ENOENT')
  })

  it('stops, and says why, when the spawner has ended', async () => {
    await using server = await startServer(process.execPath, ['scripts/dev.mjs'])
    const { pid } = await server.stateOf('lock-1')
    process.kill(pid, 'SIGKILL')
    await once(server.child, 'close')
    expect(server.printed()).toContain('Stopped, because the spawner has ended')
    expect(server.child.exitCode).toBe(1)
  })

  it('stops, and says why, when wrangler has ended', async () => {
    const state = await mkdtemp(join(folder, 'state-'))
    const config = ['--config', join(folder, 'missing.toml')]
    const options = ['--port=0', '--persist-to', state, ...config]
    const { code, output } = await run(process.execPath, ['scripts/dev.mjs', ...options])
    expect(output).toContain('Stopped, because wrangler has ended')
    expect(code).not.toBe(0)
  })

  it("starts no spawner beside settings of one's own", async () => {
    const own = join(folder, 'own.env')
    await cp('development.env', own)
    await using server = await startServer(process.execPath, ['scripts/dev.mjs', '--env-file', own])
    expect(server.printed()).toContain('Portico, with your settings.')
    expect(server.printed()).not.toContain('spawner')
    expect(await (await fetch(server.url)).text()).toContain('There is no spawner here')
  })
})

describe('install-missing', () => {
  it('installs what is missing or has changed, and else nothing', async () => {
    await cp('scripts/install-missing.mjs', join(project, 'scripts/install-missing.mjs'))
    await dependOn('1.0.0')
    expect((await installMissing()).output).toContain(NOTICE)
    expect(await installedVersion()).toBe('1.0.0')

    expect((await installMissing()).output).toBe('')

    await dependOn('2.0.0')
    expect((await installMissing()).output).toContain(NOTICE)
    expect(await installedVersion()).toBe('2.0.0')
  })

  it('fails when the installation fails', async () => {
    await removeFolder(join(project, 'node_modules'))
    await writeFile(join(project, 'package-lock.json'), '{"packages":{"node_modules/a":{}}}')
    expect((await installMissing()).code).not.toBe(0)
  })
})

describe('count-tests', () => {
  const tests = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 }
  const unloaded = { status: 'failed', assertionResults: [] }
  const unclean = { status: 'failed', assertionResults: [{ status: 'passed' }] }
  const told = { status: 'failed', assertionResults: [{ status: 'failed' }] }
  const files = { testResults: [unloaded, unclean, told] }

  it.for([
    { what: 'a good run', report: tests, code: 0, counts: '3 0 2' },
    { what: 'failed tests', report: { ...tests, numFailedTests: 2 }, code: 1, counts: '3 2 2' },
    {
      what: 'files that failed outside of their tests',
      report: { ...tests, ...files, numFailedTests: 1 },
      code: 1,
      counts: '3 3 2',
    },
    { what: 'a run that failed without a failed test', report: tests, code: 1, counts: '3 1 2' },
    { what: 'a run of no test', report: {}, code: 0, counts: '0 1 0' },
    { what: 'a run without a report', report: undefined, code: 0, counts: '0 1 0' },
  ])('counts $what as $counts', async ({ report, code, counts }) => {
    const path = join(folder, `${counts}-${code}.json`)
    if (report !== undefined) await writeFile(path, JSON.stringify(report))
    const args = ['scripts/count-tests.mjs', report === undefined ? '' : path, String(code)]
    const { output } = await run(process.execPath, args)
    expect(output.trim()).toBe(counts)
  })
})

function installMissing() {
  return run(process.execPath, ['scripts/install-missing.mjs'], project)
}

/** Makes the project depend on a package of one file, so that nothing is fetched. */
async function dependOn(version: string): Promise<void> {
  const source = join(folder, 'dependency')
  await cp('scripts/count-tests.mjs', join(source, 'index.js'))
  await writeFile(join(source, 'package.json'), JSON.stringify({ name: 'dependency', version }))
  await run('npm', ['pack', '--pack-destination', project], source)
  const dependencies = { dependency: `file:dependency-${version}.tgz` }
  await writeFile(join(project, 'package.json'), JSON.stringify({ dependencies }))
  await run('npm', ['install', '--package-lock-only', '--no-audit'], project)
}

async function installedVersion(): Promise<string> {
  const manifest = join(project, 'node_modules/dependency/package.json')
  return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version
}

async function startServer(command: string, args: readonly string[]) {
  const state = await mkdtemp(join(folder, 'state-'))
  const options = ['--port', '0', '--persist-to', state]
  const child = spawn(command, [...args, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  const { logs, logged } = gatherLog(child)
  await logged('(Ctrl+C stops it)')
  const [, url] = /Open (http:\S+)/.exec(logs()) ?? []
  if (url === undefined) throw new Error(`npm start said no address:\n${logs()}`)
  return {
    child,
    url,
    printed: logs,
    /** What the spawner has written down. */
    async stateOf(file: string): Promise<{ readonly pid: number }> {
      const path = join(state, 'spawner', new URL(url).port, file)
      return JSON.parse(await readFile(path, 'utf8')) as { pid: number }
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await closed
    },
  }
}
