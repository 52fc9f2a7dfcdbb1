import { access, mkdir, symlink } from 'node:fs/promises'
import { delimiter, join, resolve, sep } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../../src/control/version.ts'
import { ADMIN_KEY, TOKEN_KEYS } from '../support/connection-keys.ts'
import { keySet, startKeySetServer } from '../support/key-set-server.ts'
import { installExample, manifestOf, packPackage, removeFolder } from '../support/packed-package.ts'
import { porticoShell, type PorticoShell } from '../support/portico-shell.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

/** That of the tests, and the one that somebody has without this repository. */
const NODES = [process.execPath, ...(await systemNode())]

let packed: Awaited<ReturnType<typeof packPackage>>
let command: string
let gate: ConnectionGate

beforeAll(async () => {
  packed = await packPackage()
  await installExample('own-room', packed)
  const modules = join(packed.folder, 'own-room/node_modules')
  const { bin = {} } = await manifestOf(join(modules, 'portico'))
  expect(Object.keys(bin)).toEqual(['portico'])
  // As npm links it.
  await mkdir(join(modules, '.bin'))
  command = join(modules, '.bin/portico')
  await symlink(join('../portico', String(bin['portico'])), command)
  gate = await serveConnections()
})
afterAll(async () => {
  await gate.stop()
  await removeFolder(packed.folder)
})

describe.for(NODES)('the command of the packed package, with %s', (node) => {
  let shell: PorticoShell
  beforeAll(async () => {
    const env = { PORTICO_URL: gate.url(''), PORTICO_KEY: ADMIN_KEY, TOKEN_KEY: TOKEN_KEYS[0] }
    shell = await porticoShell({ ...env, JWT_SECRET: 'x'.repeat(32) }, [node, command])
  })
  afterAll(() => shell.remove())

  it('tells its version', async () => {
    const finished = await shell.run('portico --version')
    expect(finished).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
  })

  it('asks the gate', async () => {
    const { backend_id } = await gate.connect({ key: { name: 'doc-1', namespace: 'listed' } })
    const { code, stdout, stderr } = await shell.run('portico ls listed')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(backend_id)
    const followed = shell.run(
      `portico terminate ${backend_id} && portico status ${backend_id} --follow --json`,
    )
    expect((await followed).stdout.trim().split('\n').at(-1)).toContain('"terminated"')
    await gate.connect({ key: { name: 'doc-1', namespace: 'listed' } })
  })

  it('makes and checks tokens', async () => {
    const minted = 'portico token mint --sub alice --issuer https://issuer.example'
    const line = `${minted} | portico token check - --issuer https://issuer.example`
    const { code, stdout, stderr } = await shell.run(line)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('verdict  good')
    const { token } = await gate.connect()
    const good = await shell.run('portico token check -', {}, token)
    expect(good.stdout).toContain('verdict   good')
    const forged = await shell.run('portico token check -', { TOKEN_KEY: 'y'.repeat(32) }, token)
    expect([forged.code, forged.stderr]).toEqual([1, ''])
  })

  it('fetches published keys', async () => {
    const server = await startKeySetServer()
    const { issuer, fetches } = server.addIssuer('published', keySet([]))
    try {
      const minted = `portico token mint --sub alice --issuer ${issuer}`
      const checked = `portico token check - --issuer ${issuer} --jwks-url ${issuer}/.well-known/jwks.json`
      const { code, stderr } = await shell.run(`${minted} | ${checked}`)
      expect([code, stderr, fetches()]).toEqual([1, '', 1])
    } finally {
      await server.stop()
    }
  })
})

async function systemNode(): Promise<string[]> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).map((folder) => resolve(folder))
  for (const folder of folders.filter((path) => !path.split(sep).includes('node_modules'))) {
    const node = join(folder, 'node')
    const isThere = await access(node).then(
      () => true,
      () => false,
    )
    if (isThere) return [node]
  }
  return []
}
