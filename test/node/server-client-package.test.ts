import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeFolder, run } from '../support/packed-package.ts'

let folder: string
let built: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portico-server-'))
  const installed = join(folder, 'node_modules/portico')
  built = join(installed, 'dist/package')
  const { code, output } = await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', built])
  if (code !== 0) throw new Error(`the package cannot be built:\n${output}`)
  await writeFile(join(installed, 'package.json'), await readFile('package.json'))
})
afterAll(() => removeFolder(folder))

/** Each file that an entry brings along, and each package. */
async function broughtBy(entry: string): Promise<string[]> {
  const files = new Set([join(built, entry)])
  const packages = new Set<string>()
  for (const file of files) {
    const text = await readFile(file, 'utf8')
    for (const [, target = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)) {
      if (target.startsWith('.')) files.add(join(dirname(file), target))
      else packages.add(target)
    }
  }
  return [...packages, ...[...files].map((file) => relative(built, file))].toSorted()
}

it('brings nothing along but itself: no schemas, no library', async () => {
  expect(await broughtBy('server.js')).toEqual([
    'control-client/answer.js',
    'control-client/ask.js',
    'control-client/create-portico.js',
    'control-client/documents.js',
    'control-client/event-stream.js',
    'control-client/follow-status.js',
    'control-client/pages.js',
    'control-client/portico-options.js',
    'control-client/within.js',
    'refusal/configuration-error.js',
    'server.js',
  ])
})

// A field whose type were lost would be `any`, and then a line that expects an error has none.
const CALLS = `
import { createPortico, type ConnectRequest } from 'portico/server'

const portico = createPortico({ url: 'https://gate.example', key: 'k', fetch, timeoutMs: 1000 })
const request: ConnectRequest = {
  key: { name: 'doc-1' },
  spawn_config: { executable: { origin: 'https://editor.example' }, max_idle_seconds: 300 },
  auth: { role: 'writer' },
}
const answer = await portico.connect(request)
// @ts-expect-error: nothing says yet that there is a value
answer.value
if (answer.ok) {
  const url: string = answer.value.url
  const expires: string | null = answer.value.expires_at
  // @ts-expect-error: null for a static token
  answer.value.secret_token.length
  console.log(url, expires)
} else {
  const id: string | undefined = answer.error.id
  console.log(id, answer.error.kind === 'KeyHeld' || answer.error.kind === 'Timeout')
  // @ts-expect-error: no such kind
  console.log(answer.error.kind === 'Nonsense')
}
for await (const status of portico.statusStream('b1', { signal: AbortSignal.timeout(1) })) {
  // @ts-expect-error: no such status
  console.log(status.ok && status.value.status === 'nonsense')
}
for await (const token of portico.tokens('b1')) {
  const user: string | null | undefined = token.ok ? token.value.user : undefined
  console.log(user)
}
const spawned = await portico.spawn('acme/notes', { require_bearer_token: true, env: { A: '1' } })
const bearer: string | undefined = spawned.ok ? spawned.value.bearer_token : undefined
console.log(bearer)
// @ts-expect-error: no such field
await portico.spawn('acme/notes', { require_token: true })
await portico.revoke({ key: { name: 'doc-1' }, user: 'alice' })
// @ts-expect-error: what is to be revoked?
await portico.revoke({ user: 'alice' })
// @ts-expect-error: no such field
await portico.connect({ max_use: 1 })
// @ts-expect-error: no such way to end
await portico.terminate('b1', 'gently')
// @ts-expect-error: a backend is named by its id
await portico.status(1)
`

it.for<[runtime: string, types: readonly string[], more: string]>([
  ['Node', ['@types/node'], ''],
  [
    'a Worker',
    ['@cloudflare/workers-types'],
    `declare const env: { readonly GATE: Fetcher }
createPortico({ url: 'https://gate', key: 'k', fetch: (url, init) => env.GATE.fetch(url, init) })`,
  ],
])('has its types in %s, which has no types of the other', async ([runtime, types, more]) => {
  const project = join(folder, runtime.replace(/\W/g, '-'))
  const modules = join(project, 'node_modules')
  const packages = [...types, 'zod', ...(types.includes('@types/node') ? ['undici-types'] : [])]
  for (const name of packages) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(resolve('node_modules', name), join(modules, name))
  }
  await symlink(join(folder, 'node_modules/portico'), join(modules, 'portico'))
  await writeFile(join(project, 'package.json'), '{"type":"module"}')
  await writeFile(join(project, 'calls.ts'), CALLS + more)
  const names = types.map((name) => name.replace('@types/', ''))
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022']
  const flags = ['--noEmit', '--skipLibCheck', 'false', '--preserveSymlinks', '--types']
  const args = [...options, ...flags, ...names, 'calls.ts']
  const { code, output } = await run('tsc', args, project)
  expect(code, output).toBe(0)
})
