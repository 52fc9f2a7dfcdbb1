import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { expect, it } from 'vitest'

/** From the ground up: a part imports itself, or parts of lower layers. Files of `src` itself are parts too. */
const LAYERS: readonly (readonly string[])[] = [
  ['refusal'],
  ['identity'],
  ['route', 'carry', 'forward'],
  ['verify'],
  ['providers', 'hook', 'policy', 'store', 'token'],
  ['ticket', 'connection'],
  ['control'],
  ['jamsocket'],
  ['gate', 'control-client'],
  ['portico.ts', 'room.ts', 'objects.ts', 'server.ts'],
  ['settings', 'demo', 'cli', 'process-spawner'],
  ['index.ts'],
]

const MAX_LINES = 300
/** Names that say nothing of what is in a file, and so collect everything. */
const EMPTY_NAME = /^(?:utils?|helpers?|types?|common|misc|shared)\.tsx?$/
/** The page's script runs in a browser and is a project of its own. */
const CLIENT = 'demo/client/'
/** A program of its own, for a machine that has no Worker: with it, it shares words and nothing else. */
const SPAWNER = 'process-spawner'
const STATUSES = 'store/backend-status.ts'

/** Text of each file, by its path below `src`. */
type Sources = Readonly<Record<string, string>>

function brokenRules(sources: Sources): string[] {
  const files = Object.entries(sources).filter(([path]) => !path.startsWith(CLIENT))
  return [
    ...files.flatMap(([path, text]) =>
      importsOf(text).flatMap((target) => brokenByImport(path, target)),
    ),
    ...files.flatMap(([path, text]) => brokenByText(path, text)),
    ...Object.entries(sources).flatMap(([path, text]) => brokenBySize(path, text)),
    ...brokenByPackage(sources),
  ]
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].flatMap(
    ([, target]) => target ?? [],
  )
}

function brokenByImport(path: string, target: string): string[] {
  if (/^(?:cloudflare:|partyserver)/.test(target)) {
    const isObject = target === 'cloudflare:workers' && partOf(path) === 'store'
    return isObject || path === 'demo/chat-room.ts' ? [] : [`${path} imports ${target}`]
  }
  const imported = resolved(path, target)
  if (imported === undefined || partOf(path) === partOf(imported)) return []
  const [here, there] = [layerOf(path), layerOf(imported)]
  if (partOf(path) === SPAWNER && partOf(imported) !== 'refusal' && imported !== STATUSES)
    return [`${path} imports ${imported}, which is the Worker's`]
  if (here === -1 || there === -1)
    return [`${path} imports ${imported}, and one of them has no layer`]
  return there < here ? [] : [`${path} imports ${imported}, which is not below it`]
}

/** Programs for Node, each with the file that reads its environment, and hands it on. */
const PROGRAMS: ReadonlySet<string> = new Set(['cli/main.ts', 'process-spawner/main.ts'])

/** Only the default Worker reads its settings from `env`, and hands them on. */
function brokenByText(path: string, text: string): string[] {
  if (/\bprocess\.env\b/.test(text) && !PROGRAMS.has(path)) return [`${path} reads process.env`]
  if (path !== 'index.ts' && /\breadSettings\(/.test(text) && !path.startsWith('settings/'))
    return [`${path} reads the settings`]
  return []
}

function brokenBySize(path: string, text: string): string[] {
  const lines = text.split('\n').length - 1
  return [
    ...(lines > MAX_LINES ? [`${path} has ${lines} lines`] : []),
    ...(EMPTY_NAME.test(posix.basename(path)) ? [`${path} has a name that says nothing`] : []),
  ]
}

/** What others install must not bring the demo, the settings or their libraries along. */
function brokenByPackage(sources: Sources): string[] {
  const reached = new Set(['portico.ts', 'room.ts', 'objects.ts', 'server.ts'])
  for (const path of reached) {
    for (const target of importsOf(sources[path] ?? '')) {
      const imported = resolved(path, target)
      if (imported !== undefined) reached.add(imported)
    }
  }
  const unwanted = [...reached].filter((path) =>
    ['demo', 'settings', 'index.ts'].includes(partOf(path)),
  )
  return unwanted.map((path) => `the package brings ${path} along`)
}

/** The path below `src` of what is imported, or `undefined` for a package or a file outside. */
function resolved(path: string, target: string): string | undefined {
  if (!target.startsWith('.')) return undefined
  const imported = posix.join(dirname(path), target)
  return imported.startsWith('../') ? undefined : imported
}

function partOf(path: string): string {
  const [part = ''] = path.split('/')
  return part
}

function layerOf(path: string): number {
  return LAYERS.findIndex((layer) => layer.includes(partOf(path)))
}

async function sourcesIn(folder: string): Promise<Sources> {
  const paths = await readdir(folder, { recursive: true })
  const files = paths.filter((path) => /\.tsx?$/.test(path))
  const entries = files.map(
    async (path) => [path, await readFile(join(folder, path), 'utf8')] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

it('imports only from lower layers, and keeps every other rule of the source tree', async () => {
  const sources = await sourcesIn('src')
  expect(Object.keys(sources)).toContain('gate/handle-request.ts')
  expect(brokenRules(sources)).toEqual([])
})

it.for<[rule: string, sources: Sources]>([
  [
    'carry/x.ts imports gate/gate.ts, which is not below it',
    { 'carry/x.ts': "import { a } from '../gate/gate.ts'" },
  ],
  [
    'route/x.ts imports carry/y.ts, which is not below it',
    { 'route/x.ts': "import type { A } from '../carry/y.ts'" },
  ],
  [
    'refusal/x.ts imports identity/y.ts, which is not below it',
    { 'refusal/x.ts': "export * from '../identity/y.ts'" },
  ],
  [
    'gate/x.ts imports portico.ts, which is not below it',
    { 'gate/x.ts': "import {\n  a,\n  b,\n} from '../portico.ts'" },
  ],
  [
    'gate/x.ts imports settings/y.ts, which is not below it',
    { 'gate/x.ts': "const a = await import('../settings/y.ts')" },
  ],
  [
    'verify/x.ts imports hook/y.ts, which is not below it',
    { 'verify/x.ts': "import '../hook/y.ts'" },
  ],
  [
    'gate/x.ts imports new/y.ts, and one of them has no layer',
    { 'gate/x.ts': "import { a } from '../new/y.ts'" },
  ],
  [
    'forward/x.ts imports cloudflare:workers',
    { 'forward/x.ts': "import { env } from 'cloudflare:workers'" },
  ],
  ['store/x.ts imports partyserver', { 'store/x.ts': "import { Server } from 'partyserver'" }],
  [
    'ticket/x.ts imports cloudflare:workers',
    { 'ticket/x.ts': "import { DurableObject } from 'cloudflare:workers'" },
  ],
  ['demo/x.ts imports partyserver', { 'demo/x.ts': "import { Server } from 'partyserver'" }],
  ['gate/x.ts reads process.env', { 'gate/x.ts': 'const key = process.env.KEY' }],
  ['cli/spawn.ts reads process.env', { 'cli/spawn.ts': 'const key = process.env.KEY' }],
  [
    'control/x.ts imports cli/y.ts, which is not below it',
    { 'control/x.ts': "import '../cli/y.ts'" },
  ],
  [
    "process-spawner/x.ts imports store/backend.ts, which is the Worker's",
    { 'process-spawner/x.ts': "import '../store/backend.ts'" },
  ],
  [
    'process-spawner/x.ts reads process.env',
    { 'process-spawner/x.ts': 'const secret = process.env.SECRET' },
  ],
  ['demo/x.ts reads the settings', { 'demo/x.ts': 'const settings = readSettings(env)' }],
  ['gate/x.ts has 301 lines', { 'gate/x.ts': '\n'.repeat(301) }],
  ['demo/client/x.ts has 301 lines', { 'demo/client/x.ts': '\n'.repeat(301) }],
  ['gate/helpers.ts has a name that says nothing', { 'gate/helpers.ts': '' }],
  ['demo/types.tsx has a name that says nothing', { 'demo/types.tsx': '' }],
  [
    'the package brings demo/y.ts along',
    { 'portico.ts': "export * from './gate/x.ts'", 'gate/x.ts': "import '../demo/y.ts'" },
  ],
])('finds a planted fault: %s', ([rule, sources]) => {
  expect(brokenRules(sources)).toContain(rule)
})

it('finds no fault where there is none', () => {
  const sources = {
    'index.ts': "import { gate } from './gate/gate.ts'\nreadSettings(env)",
    'gate/gate.ts':
      "import { a } from '../carry/a.ts'\nimport { b } from './b.ts'\nimport { Hono } from 'hono'",
    'demo/chat-room.ts':
      "import { Server } from 'partyserver'\nimport { identityOf } from '../room.ts'",
    'cli/main.ts': 'const key = process.env.KEY',
    'process-spawner/main.ts':
      "import { a } from '../refusal/a.ts'\nimport { b } from '../store/backend-status.ts'",
    'demo/demo.tsx': "import text from '../../dist/demo-client.txt'",
    'verify/types.test.ts': '\n'.repeat(300),
  }
  expect(brokenRules(sources)).toEqual([])
})
