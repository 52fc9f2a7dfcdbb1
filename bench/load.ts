import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Target {
  /** Asked for in turn, all at one host. */
  readonly urls: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

export interface Load {
  /** Sends that many requests, the next one on each connection once the last was answered. */
  readonly send: (count: number) => Promise<void>
  readonly close: () => void
}

/**
 * Keeps connections to one target open; any answer but a 200 is an error. Written on sockets, because
 * an HTTP client takes more of the machine than the Workers that are measured.
 */
export function createLoad({ urls, headers }: Target, connections: number): Load {
  const { host, hostname, port } = new URL(urls[0] ?? '')
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`)
  const requests = urls.map((url) => {
    const { pathname, search } = new URL(url)
    return [`GET ${pathname}${search} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  })
  let sent = 0
  let sockets: readonly Socket[] = []
  return {
    async send(count) {
      // The Worker closes connections that were idle while the others had their turns.
      const open = sockets.filter((socket) => socket.readyState === 'open')
      const missing = Array.from({ length: connections - open.length }, async () => {
        const socket = connect({ host: hostname, port: Number(port), noDelay: true })
        await once(socket, 'connect')
        return socket
      })
      sockets = [...open, ...(await Promise.all(missing))]
      let left = count
      const next = () => (left-- > 0 ? requests[sent++ % requests.length] : undefined)
      await Promise.all(sockets.map((socket) => exchange(socket, next)))
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  }
}

/** Sends requests on one connection until there is no next one. */
function exchange(socket: Socket, next: () => string | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let answer = ''
  function sendNext() {
    answer = ''
    const request = next()
    if (request === undefined) resolve()
    else socket.write(request)
  }
  function receive(chunk: Buffer) {
    answer += chunk.toString('latin1')
    const length = lengthOf(answer)
    if (length === 'invalid') reject(new Error(`not an answer to measure: ${answer}`))
    else if (length !== undefined && answer.length >= length) sendNext()
  }
  const fail = () => reject(new Error('a connection was closed'))
  socket.on('data', receive).on('close', fail)
  sendNext()
  return promise.finally(() => socket.off('data', receive).off('close', fail))
}

/** How long the answer will be, `undefined` while its head is not there as a whole. */
function lengthOf(answer: string): number | 'invalid' | undefined {
  const bodyAt = answer.indexOf('\r\n\r\n') + 4
  if (bodyAt < 4) return undefined
  const bodyLength = /\r\ncontent-length: *(\d+)\r\n/i.exec(answer)?.[1]
  if (!answer.startsWith('HTTP/1.1 200 ') || bodyLength === undefined) return 'invalid'
  return bodyAt + Number(bodyLength)
}
