import { ADMIN_KEY } from '../test/support/connection-keys.ts'
import { serveWorker, type ServedWorker, type WorkerOptions } from '../test/support/serve-worker.ts'
import { BROWSER_HEADERS, CONNECTIONS, type Contestant } from './contestants.ts'
import { createLoad } from './load.ts'

/** Starts the Workers that hand a request on to the same origin, by a connection token or just so. */
export async function* startConnectionContestants(origin: string): AsyncGenerator<Contestant> {
  for (const [name, module] of [
    ['bare Hono → origin, nothing checked', 'bare-forward'],
    ['the same with the headers of the contract', 'headers-forward'],
  ] as const) {
    const worker = await serveWorker({
      entry: `bench/workers/${module}.ts`,
      vars: { ORIGIN: origin },
    })
    // As long as a token, so that the requests differ in nothing.
    yield contestant(name, worker, 'x'.repeat(72), async () => 0)
  }
  for (const [name, rememberSeconds] of [
    ['Portico, connection token', 5],
    ['Portico, the same, asked about at each request', 0],
  ] as const) {
    const worker = await serveWorker(connectionBench(origin, rememberSeconds))
    const token = await connectTo(worker, 'bench-1', origin)
    yield contestant(name, worker, token, () => admissionsOf(worker))
  }
}

/** The gate of the benchmarks, which forwards to this origin. */
export function connectionBench(origin: string, rememberSeconds: number): WorkerOptions {
  return {
    entry: 'bench/workers/connections.ts',
    vars: { ORIGIN: origin, REMEMBER_SECONDS: String(rememberSeconds) },
    rooms: { BACKEND: 'Backend', BACKEND_KEY: 'BackendKey', BACKEND_INDEX: 'BackendIndex' },
  }
}

/** @returns a token for the backend with this id, which is made if need be */
export async function connectTo(worker: ServedWorker, id: string, origin: string): Promise<string> {
  const response = await fetch(`${worker.origin}/ctrl/connect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      key: { name: id },
      spawn_config: { id, executable: { origin } },
      user: 'user-1',
      auth: { role: 'editor', document: 'doc-1' },
      expires_in_seconds: 24 * 3600,
    }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}\n${worker.logs()}`)
  return (JSON.parse(text) as { token: string }).token
}

async function admissionsOf({ origin }: ServedWorker): Promise<number> {
  return Number(await (await fetch(`${origin}/admissions`)).text())
}

function contestant(
  name: string,
  worker: ServedWorker,
  token: string,
  objectCalls: () => Promise<number>,
): Contestant {
  const urls = [`${worker.origin}/${token}/hello`]
  const load = createLoad({ urls, headers: BROWSER_HEADERS }, CONNECTIONS)
  return {
    name,
    pid: worker.pid,
    load,
    objectCalls,
    async stop() {
      load.close()
      await worker.stop()
    },
  }
}
