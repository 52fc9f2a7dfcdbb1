import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintToken, SECRET } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

const ANOTHER_KEY = new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes')

let worker: ServedWorker
let tokens: readonly string[]

beforeAll(async () => {
  worker = await serveWorker({
    entry: 'test/fixtures/refusals-worker.ts',
    rooms: { ECHO_ROOM: 'EchoRoom', BROKEN_ROOM: 'BrokenRoom' },
  })
  const minted = await Promise.all([
    mintToken(),
    mintToken({}, { key: ANOTHER_KEY }),
    mintToken({ iat: 1_600_000_000, exp: 1_600_000_060 }),
    mintToken({ sub: 'n'.repeat(7000) }),
  ])
  const others = ['garbage-of-a-credential', 'verifier-throws-at-this', 'verifier-lies-about-this']
  tokens = [...minted, ...others]
})

afterAll(() => worker.stop())

const places: readonly string[] = [
  '/parties/main/x',
  '/parties/broken/x',
  '/parties/undecided/x',
  '/parties/throwing/x',
  '/parties/nowhere/x',
  '/parties/main/%zz',
  '/backends/down/x',
  '/misconfigured/parties/main/x',
  '/forbidding/parties/main/x',
  '/nothing',
]

interface Carried {
  readonly search: string
  readonly headers: Readonly<Record<string, string>>
}

/** One token on each carrier alone, on all of them at once, and twice on one. */
function carriedBy(token: string): readonly Carried[] {
  const referer = { referer: `https://app.example.com/?token=${token}` }
  const authorization = { authorization: `Bearer ${token}` }
  const cookie = { cookie: `theme=dark; __session=${token}; name=Jos\u00e9`, origin: worker.origin }
  const protocol = { 'sec-websocket-protocol': `portico.bearer.${token}, chat` }
  return [
    { search: `?token=${token}`, headers: referer },
    { search: '', headers: authorization },
    { search: '', headers: cookie },
    { search: '', headers: protocol },
    {
      search: `?token=${token}`,
      headers: { ...referer, ...authorization, ...cookie, ...protocol },
    },
    { search: `?token=${token}&token=other`, headers: {} },
    { search: `?%74oken=${token}`, headers: { authorization: `Basic ${token}` } },
  ]
}

async function answerTo(url: string, headers: Carried['headers']): Promise<string> {
  const response = await fetch(url, { headers, redirect: 'manual' })
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`
}

/** All that the gate says to an upgrade: status, headers, body or frames, close reason. */
async function answerToUpgrade(
  url: string,
  { 'sec-websocket-protocol': offered, ...headers }: Carried['headers'],
): Promise<string> {
  const socket = new WebSocket(url, offered?.split(', ') ?? [], { headers })
  const said: unknown[] = []
  const closed = new Promise<string>((resolve) =>
    socket.on('close', (_code, reason) => resolve(reason.toString())),
  )
  socket.on('upgrade', ({ statusCode, rawHeaders }) => said.push(statusCode, rawHeaders))
  socket.on('message', (data: Buffer) => {
    said.push(data.toString())
    socket.close(1000)
  })
  socket.on('unexpected-response', (_request, response: IncomingMessage) => {
    said.push(response.statusCode, response.rawHeaders)
    response.setEncoding('utf8').on('data', (text: string) => said.push(text))
    response.on('end', () => socket.terminate())
  })
  socket.on('error', (error) => said.push(error.message))
  return JSON.stringify([...said, await closed])
}

it(
  'says no credential and no secret, in no answer and no log line, whatever goes wrong',
  { timeout: 120_000 },
  async () => {
    const answers: string[] = []
    for (const token of tokens) {
      for (const { search, headers } of carriedBy(token)) {
        const urls = places.map((place) => worker.origin + place + search)
        const sent = urls.flatMap((url) => [answerTo(url, headers), answerToUpgrade(url, headers)])
        answers.push(...(await Promise.all(sent)))
      }
    }
    const said = answers.join('\n')
    // There was something to leak: people were let in, and every kind of failure was logged.
    expect(said).toContain('x-verified-subject')
    for (const line of [
      'a hook threw Error',
      'a verifier threw Error',
      'a room failed',
      'a backend failed',
      'in the gate',
    ]) {
      await worker.logged(line)
    }
    const logged = worker.logs()
    for (const secret of [SECRET, ...tokens.map((token) => token.slice(-20))]) {
      expect(said.includes(secret), `a client was told ${secret}`).toBe(false)
      expect(logged.includes(secret), `a log line holds ${secret}`).toBe(false)
    }
  },
)
