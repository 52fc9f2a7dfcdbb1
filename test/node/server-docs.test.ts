import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY } from '../support/connection-keys.ts'
import { removeFolder, run } from '../support/packed-package.ts'
import { porticoShell } from '../support/portico-shell.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
let folder: string

beforeAll(async () => {
  const executable = { room: { party: 'main', room: 'notes' } }
  gate = await serveConnections({ jamsocketServices: { 'acme/notes': { executable } } })
  folder = await mkdtemp(join(tmpdir(), 'portico-docs-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'portico')
  const built = join(installed, 'dist/package')
  const { code, output } = await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', built])
  if (code !== 0) throw new Error(`the package cannot be built:\n${output}`)
  await writeFile(join(installed, 'package.json'), await readFile('package.json'))
  for (const name of ['hono', 'zod', '@types/node', 'undici-types']) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(resolve('node_modules', name), join(modules, name))
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const blocks = await documented()
  for (const [name, text] of Object.entries(projectOf(blocks))) {
    await writeFile(join(folder, name), text)
  }
})
afterAll(async () => {
  await gate.stop()
  await removeFolder(folder)
})

/** The code of the page, which talks to this gate and this backend. */
async function documented(): Promise<string[]> {
  const page = await readFile('docs/server.md', 'utf8')
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code)
  return blocks.map((code) =>
    code
      .replaceAll('https://gate.example', gate.url(''))
      .replaceAll('https://editor.internal.example', gate.backend.origin),
  )
}

/** What the page leaves to its reader, around each of its blocks. */
function projectOf([server, browser, worker, spawn, stream, ...others]: readonly string[]) {
  expect(others).toEqual([])
  const portico = `import { createPortico } from 'portico/server'
const portico = createPortico({ url: '${gate.url('')}', key: process.env['CONTROL_KEY'] ?? '' })
`
  return {
    'signed-in.ts': `
export async function signedIn({ headers }: Request) {
  const id = headers.get('x-test-user')
  if (id === null) return undefined
  return { id, name: 'Alice', mayOpen: (id: string) => id !== 'doc-2', roleIn: (_: string) => 'writer' }
}`,
    'app.ts': `${server}`,
    'browser.ts': `import { app } from './app.ts'
const fetch = async (path: string, init: RequestInit) =>
  app.request(path, { ...init, headers: { 'x-test-user': 'alice' } })
${browser}
const seen = await new Promise<string>((resolve) => {
  socket.onmessage = ({ data }) => resolve(String(data))
})
socket.close()
console.log(seen)`,
    'refused.ts': `import { app } from './app.ts'
const statuses: number[] = []
for (const [id, headers] of [['doc-1', {}], ['doc-2', { 'x-test-user': 'alice' }]] as const) {
  statuses.push((await app.request(\`/documents/\${id}/connection\`, { method: 'POST', headers })).status)
}
console.log(JSON.stringify(statuses))`,
    'worker.ts': `import { createPortico } from 'portico/server'
const asked: string[] = []
const GATE = {
  fetch(url: string, init: RequestInit) {
    asked.push(url)
    return fetch(url, init)
  },
}
const env = { CONTROL_KEY: process.env['CONTROL_KEY'] ?? '', GATE }
const portico = ${worker}
const answer = await portico.status('nobody')
console.log(JSON.stringify([asked.length, answer.ok ? '' : answer.error.kind]))`,
    'spawn.ts': `${portico}${spawn}
const link = await notebookLink('doc-1')
const again = await notebookLink('doc-1')
const opened = await fetch(link ?? '', { redirect: 'manual' })
console.log(JSON.stringify([link === again, opened.status, opened.headers.has('set-cookie')]))`,
    'stream.ts': `${portico}
const connected = await portico.connect({ spawn_config: { executable: { origin: '${gate.backend.origin}' } } })
const backendId = connected.ok ? connected.value.backend_id : ''
await portico.terminate(backendId)
${stream}`,
  }
}

it('compiles', async () => {
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck']
  const flags = ['--noEmit', '--allowImportingTsExtensions', '--lib', 'es2023,dom,dom.iterable']
  const files = ['app.ts', 'browser.ts', 'refused.ts', 'worker.ts', 'spawn.ts', 'stream.ts']
  const types = ['--types', 'node']
  const { code, output } = await run('tsc', [...options, ...flags, ...types, ...files], folder)
  expect(code, output).toBe(0)
})

it.for<[what: string, file: string, printed: (output: string) => void]>([
  [
    'a server hands out a URL, and the browser opens a socket with it as its user',
    'browser.ts',
    (output) => {
      const { url, cgi } = JSON.parse(output) as { url: string; cgi: Record<string, string> }
      expect(url).toBe('/sync')
      expect(cgi).toMatchObject({
        HTTP_X_VERIFIED_USERNAME: 'alice',
        HTTP_X_VERIFIED_USER_DATA: '{"name":"Alice","role":"writer"}',
      })
    },
  ],
  [
    'a server refuses who may not open a document',
    'refused.ts',
    (output) => expect(JSON.parse(output)).toEqual([403, 403]),
  ],
  [
    'a Worker asks by its service binding',
    'worker.ts',
    (output) => expect(JSON.parse(output)).toEqual([1, 'NotFound']),
  ],
  [
    'a link lets a browser into a backend, the same for all who have the lock',
    'spawn.ts',
    (output) => expect(JSON.parse(output)).toEqual([true, 302, true]),
  ],
  [
    'a stream tells all statuses and ends',
    'stream.ts',
    (output) =>
      expect(output.trim().split('\n')).toEqual([
        ...['scheduled', 'loading', 'starting', 'waiting', 'ready'],
        ...['terminating', 'terminated'],
      ]),
  ],
])('does what docs/server.md says: %s', async ([, file, printed]) => {
  const shell = await porticoShell({ CONTROL_KEY: ADMIN_KEY })
  try {
    const path = join(folder, file)
    const { code, stdout, stderr } = await shell.run(`'${process.execPath}' '${path}'`)
    expect([code, stderr]).toEqual([0, ''])
    printed(stdout)
  } finally {
    await shell.remove()
  }
})
