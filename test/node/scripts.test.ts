import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeFolder, run } from '../support/packed-package.ts'
import { gatherLog } from '../support/process-log.ts'

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
    async [Symbol.asyncDispose]() {
      child.kill()
      await closed
    },
  }
}
