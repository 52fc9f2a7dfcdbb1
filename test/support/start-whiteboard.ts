import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { readCatalogue } from '../../src/process-spawner/catalogue.ts'
import { childEnvironment } from '../../src/process-spawner/child-environment.ts'
import { gatherLog } from './process-log.ts'

const CATALOGUE = join(import.meta.dirname, '../../examples/whiteboard/catalogue.json')

/** What the board says to a page. */
type Told = Readonly<Record<string, unknown>> & { readonly type: string }

interface Visitor {
  readonly socket: WebSocket
  /** What it was told when it came in. */
  readonly welcome: Told
  readonly send: (message: unknown) => void
  /** The next that it is told. */
  readonly next: () => Promise<Told>
  /** The next that it is told of one type; what comes before is dropped. */
  readonly told: (type: string) => Promise<Told>
}

export interface Whiteboard {
  readonly origin: string
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>
  /** Opens the page's socket, with the headers that a gate sets. */
  readonly open: (headers?: Readonly<Record<string, string>>, path?: string) => WebSocket
  readonly enter: (headers?: Readonly<Record<string, string>>) => Promise<Visitor>
  /** Resolves with the code, or the signal. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | string | null>
}

/** Starts the example as its catalogue says, with the environment that the spawner gives. */
export async function startWhiteboard({
  staticToken,
  allowed = {},
}: {
  readonly staticToken?: string
  readonly allowed?: Readonly<Record<string, string>>
} = {}): Promise<Whiteboard> {
  const entry = readCatalogue(CATALOGUE).get('whiteboard')
  if (entry === undefined) throw new Error('the catalogue has no whiteboard')
  const env = childEnvironment({
    ...{ backendId: 'board-1', port: 0, staticToken, fixed: entry.env },
    allowed: Object.fromEntries(entry.allowedEnv.map((name) => [name, allowed[name] ?? name])),
  })
  const [command, ...args] = entry.command
  const child = spawn(command, args, { cwd: entry.directory, env, stdio: 'pipe' })
  const exited = once(child, 'exit')
  const log = gatherLog(child)
  await log.logged('\n')
  const [origin = ''] = /http:\S+/.exec(log.logs()) ?? []

  function open(headers = {}, path = '/socket'): WebSocket {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, { headers })
    // A handshake that is refused; the tests wait for what else it tells.
    socket.on('error', () => {})
    return socket
  }

  return {
    origin,
    open,
    get: (path, headers = {}) => fetch(`${origin}${path}`, { headers, redirect: 'error' }),
    enter: async (headers) => visitorOf(open(headers)),
    async end(signal = 'SIGKILL') {
      child.kill(signal)
      const [code, by] = (await exited) as [number | null, string | null]
      return code ?? by
    },
  }
}

async function visitorOf(socket: WebSocket): Promise<Visitor> {
  const heard: Told[] = []
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()) as Told)
    socket.emit('heard')
  })
  socket.on('close', () => socket.emit('heard'))
  async function next(): Promise<Told> {
    for (;;) {
      const message = heard.shift()
      if (message !== undefined) return message
      if (socket.readyState === WebSocket.CLOSED) throw new Error('the board closed the socket')
      await once(socket, 'heard')
    }
  }
  async function told(type: string): Promise<Told> {
    for (;;) {
      const message = await next()
      if (message.type === type) return message
    }
  }
  const send = (message: unknown): void => socket.send(JSON.stringify(message))
  return { socket, welcome: await told('welcome'), next, told, send }
}
