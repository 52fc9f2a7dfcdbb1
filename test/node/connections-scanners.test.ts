import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
})
afterAll(() => gate.stop())

const REQUESTS = 10_000
const AT_ONCE = 50

/** Bytes that look random and are the same each time. */
function bytesFor(seed: number): Buffer {
  const blocks = [0, 1].map((part) => createHash('sha256').update(`${seed} ${part}`).digest())
  return Buffer.concat(blocks)
}

type Shape = (bytes: Buffer, token: string, staticToken: string) => string

/** First segments as scanners send them, and such as come ever closer to a token. */
const SHAPES: readonly Shape[] = [
  (bytes) => bytes.toString('hex').slice(0, 1 + (bytes[0] ?? 0) / 2),
  (bytes) => bytes.toString('base64url').slice(0, 43),
  (bytes) => `s.${bytes.toString('base64url').slice(0, 43)}`,
  (bytes) => `.${bytes.toString('hex').slice(0, 6)}`,
  (bytes) => `wp-${bytes.toString('hex').slice(0, 5)}.php`,
  (bytes) => encodeURIComponent(bytes.toString('latin1')).slice(0, 60).replace(/%.?$/, ''),
  (bytes) => [...bytes.subarray(0, 20)].map((byte) => `%${byte.toString(16)}`).join(''),
  (bytes) => bytes.toString('base64url').repeat(20),
  (bytes) => `${bytes.toString('hex').slice(0, 8)}-0000-4000-8000-${bytes.toString('hex', 4, 10)}`,
  // Version and length are those of a token.
  (bytes) => Buffer.from([2, ...bytes.subarray(0, 53)]).toString('base64url'),
  (bytes) => `s.${Buffer.from([3, ...bytes.subarray(0, 53)]).toString('base64url')}`,
  (bytes, token) => changedAt(bytes, token),
  (bytes, _token, staticToken) => `s.${changedAt(bytes, staticToken.slice(2))}`,
  (bytes, token) => token.slice(0, 16 + ((bytes[0] ?? 0) % 56)),
  (_bytes, token) => `s.${token}`,
  (_bytes, _token, staticToken) => staticToken.slice(2),
  (bytes, token) => token + bytes.toString('base64url').slice(0, 4),
]

/** The token with one bit turned, which may be any. */
function changedAt(bytes: Buffer, token: string): string {
  const changed = Buffer.from(token, 'base64url')
  const at = bytes.readUInt16BE(0) % changed.length
  changed[at] = (changed[at] ?? 0) ^ (1 << ((bytes[2] ?? 0) % 8))
  return changed.toString('base64url')
}

it('reaches no object for 10,000 requests of scanners', { timeout: 120_000 }, async () => {
  const { token } = await gate.connect()
  const { token: staticToken } = await gate.connect({}, { use_static_token: true })
  expect((await fetch(gate.url(`/${token}/`))).status).toBe(200)
  const before = await gate.reached()
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const statuses: Record<number, number> = {}

  let next = 0
  async function scan(): Promise<void> {
    while (next < REQUESTS) {
      const seed = next++
      const bytes = bytesFor(seed)
      const shape = SHAPES[seed % SHAPES.length] as Shape
      const rest = ['', '/', '/login', '?q=1'][seed % 4]
      const path = `/${shape(bytes, token, staticToken)}${rest}`
      const sent = request(gate.url('/'), { agent, path, method: seed % 3 === 0 ? 'POST' : 'GET' })
      const [response] = (await once(sent.end(), 'response')) as [IncomingMessage]
      const status = response.statusCode ?? 0
      statuses[status] = (statuses[status] ?? 0) + 1
      await once(response.resume(), 'end')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, scan))
  agent.destroy()

  expect(await gate.reached()).toBe(before)
  expect(Object.keys(statuses).filter((status) => !['400', '404', '410'].includes(status))).toEqual(
    [],
  )
  // Most of them look like a token.
  expect(statuses[410]).toBeGreaterThan(REQUESTS / 2)
})
