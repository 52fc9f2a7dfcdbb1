import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { gatherLog, type ProcessLog } from './process-log.ts'

// The package is CommonJS, and the loaders of Node and vitest read its default export differently.
export const { default: workerd } = createRequire(import.meta.url)('workerd') as {
  default: string
}

const COMPATIBILITY_DATE = '2026-11-02'

export interface WorkerOptions {
  /** The Worker's module, from the repository's root. */
  readonly entry: string
  readonly vars?: Readonly<Record<string, string>>
  /** Binding name → exported class. */
  readonly rooms?: Readonly<Record<string, string>>
  /** Binding name → another Worker's module, served beside it. */
  readonly services?: Readonly<Record<string, string>>
}

export interface ServedWorker extends ProcessLog {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly port: number
  readonly pid: number
  /** The folder of what the objects store. */
  readonly objects: string
  readonly stop: () => Promise<void>
}

/** A Worker that can be served again after its process was killed, over what its objects stored. */
export interface PreparedWorker {
  /** @param port default: a free one */
  readonly serve: (port?: number) => Promise<ServedWorker>
  /** Forgets what the objects stored. */
  readonly remove: () => Promise<void>
}

/**
 * Serves a Worker by workerd itself over TCP, without the proxies of `wrangler dev` in front, which
 * would resolve dot segments before the gate sees them.
 */
export async function serveWorker(options: WorkerOptions): Promise<ServedWorker> {
  const prepared = await prepareWorker(options)
  const worker = await prepared.serve()
  return {
    ...worker,
    async stop() {
      await worker.stop()
      await prepared.remove()
    },
  }
}

export async function prepareWorker(options: WorkerOptions): Promise<PreparedWorker> {
  const { vars = {}, rooms = {}, services = {} } = options
  const folder = await mkdtemp(join(tmpdir(), 'portico-'))
  // On disk: workerd has no alarms for objects in memory.
  const objects = join(folder, 'objects')
  await mkdir(objects)
  const workers = { main: options.entry, ...services }
  for (const [name, entry] of Object.entries(workers)) {
    await bundle(entry, join(folder, `${name}.js`))
  }
  const bindings = [
    ...Object.entries(vars).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`),
    ...Object.entries(rooms).map(
      ([name, className]) =>
        `(name = ${quote(name)}, durableObjectNamespace = ${quote(className)})`,
    ),
    ...Object.keys(services).map((name) => `(name = ${quote(name)}, service = ${quote(name)})`),
  ]
  const classes = [...new Set(Object.values(rooms))].map(
    (name) => `(className = ${quote(name)}, uniqueKey = ${quote(name)}, enableSql = true)`,
  )
  await writeFile(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["private", "public"])),
    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
    ${Object.keys(workers)
      .map((name) => {
        const isMain = name === 'main'
        return `(name = ${quote(name)}, worker = (
      modules = [(name = "worker.js", esModule = embed ${quote(`${name}.js`)})],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      bindings = [${isMain ? bindings.join(', ') : ''}],
      durableObjectNamespaces = [${isMain ? classes.join(', ') : ''}],
      durableObjectStorage = (localDisk = "objects"),
    ))`
      })
      .join(',\n    ')}
  ],
  sockets = [(name = "http", http = (), service = "main")],
);
`,
  )
  return {
    serve: (port = 0) => startProcess(join(folder, 'config.capnp'), objects, port),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function startProcess(config: string, objects: string, at: number): Promise<ServedWorker> {
  const options = ['--experimental', '--control-fd=3', `--socket-addr=http=127.0.0.1:${at}`]
  const child = spawn(workerd, ['serve', ...options, config], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const log = gatherLog(child)
  const port = await listeningPort(child, log.logs)
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    // A process that told its port has a process id.
    pid: child.pid as number,
    objects,
    ...log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        // A polite signal leaves workerd waiting for its open sockets.
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    },
  }
}

async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'esnext',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    loader: { '.txt': 'text' },
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    logLevel: 'warning',
  })
}

async function listeningPort(child: ReturnType<typeof spawn>, logs: () => string): Promise<number> {
  const control = child.stdio[3]
  if (control === null || control === undefined || !('readable' in control)) {
    throw new Error('workerd was started without its control channel')
  }
  for await (const line of createInterface({ input: control as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as { event: string; port?: number }
    if (event.event === 'listen' && event.port !== undefined) return event.port
  }
  throw new Error(`workerd did not start:\n${logs()}`)
}

function quote(text: string): string {
  return JSON.stringify(text)
}
