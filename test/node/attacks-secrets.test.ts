import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintToken } from '../support/mint-token.ts'
import { rawRequest } from '../support/raw-request.ts'
import { openRaw, WEBSOCKET_HANDSHAKE } from '../support/raw-socket.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

// Known attacks by way of the secret itself, each end to end through a running Worker. What each
// guard refuses in detail is tested where the guard is.

const SHARED = 'a-shared-secret-of-more-than-32-characters'
const PATH = '/parties/main/x'

let worker: ServedWorker

beforeAll(async () => {
  worker = await serveWorker({
    entry: 'test/fixtures/secrets-gate.ts',
    vars: { SHARED },
    rooms: { ECHO_ROOM: 'EchoRoom', SUBJECT: 'Subject' },
  })
})

afterAll(() => worker?.stop())

async function issue(): Promise<string> {
  const response = await fetch(`${worker.origin}/_portico/tickets`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await mintToken()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ party: 'main', room: 'x' }),
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { ticket: string }).ticket
}

/** The answer to a handshake: of an accepted one its head, of a refused one everything. */
async function handshake(target: string, lines: readonly string[] = []): Promise<string> {
  const start = [`GET ${target} HTTP/1.1`, ...WEBSOCKET_HANDSHAKE]
  let received = ''
  for await (const chunk of openRaw(worker.port, [...start, ...lines])) {
    received += String(chunk)
    const isAccepted = received.startsWith('HTTP/1.1 101') && received.includes('\r\n\r\n')
    // The problem is one flat object of JSON.
    if (isAccepted || received.endsWith('}')) break
  }
  return received
}

function statusOf(answer: string): number {
  return Number(answer.split(' ')[1])
}

it('replay: a ticket that was used opens nothing, whoever shows it and wherever', async () => {
  const ticket = await issue()
  expect(statusOf(await handshake(`${PATH}?ticket=${ticket}`))).toBe(101)
  for (const [target, lines] of [
    [`${PATH}?ticket=${ticket}`, []],
    [`${PATH}?ticket=${ticket}`, ['Origin: https://app.example']],
    [`/parties/other/x?ticket=${ticket}`, []],
    [PATH, [`Sec-WebSocket-Protocol: portico.bearer.${ticket}, chat`]],
    [PATH, [`Authorization: Bearer ${ticket}`]],
    [PATH, [`Cookie: __session=${ticket}`, 'Origin: http://gate.example']],
  ] as const) {
    const answer = await handshake(target, lines)
    expect(statusOf(answer), `${target} ${lines.join()}`).toBe(401)
    expect(answer).not.toContain(ticket)
  }
})

it('replay: of many that show one ticket at the same time, one gets in', async () => {
  const ticket = await issue()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => handshake(`${PATH}?ticket=${ticket}`)),
  )
  const statuses = answers.map(statusOf).toSorted((a, b) => a - b)
  expect(statuses).toEqual([101, ...Array.from({ length: 19 }, () => 401)])
})

it('replay: a ticket that was read another way is no second ticket', async () => {
  const ticket = await issue()
  for (const twin of [`${ticket}=`, `${ticket}%20`, ticket.toLowerCase(), `%20${ticket}`]) {
    expect(statusOf(await handshake(`${PATH}?ticket=${twin}`))).toBe(401)
  }
  expect(statusOf(await handshake(`${PATH}?ticket=${ticket}`))).toBe(101)
  const encoded = Array.from(ticket, (c) => `%${c.charCodeAt(0).toString(16)}`).join('')
  expect(statusOf(await handshake(`${PATH}?ticket=${encoded}`))).toBe(401)
})

/** The text with one of its bytes changed, for each of them. */
function wrongBytes(text: Buffer, from = 0): Buffer[] {
  return Array.from({ length: text.length - from }, (_, index) => {
    const wrong = Buffer.from(text)
    wrong.writeUInt8(wrong.readUInt8(from + index) ^ 2, from + index)
    return wrong
  })
}

function getWith(token: string): Promise<string> {
  const lines = ['Host: gate.example', `Authorization: Bearer ${token}`]
  return rawRequest(worker.port, [`GET ${PATH} HTTP/1.1`, ...lines])
}

async function refusedAlike(answers: readonly Promise<string>[], code: string): Promise<void> {
  const [first = '', ...others] = new Set(await Promise.all(answers))
  expect(statusOf(first)).toBe(401)
  expect(first).toContain(`"code":"${code}"`)
  expect(others).toEqual([])
}

it('timing: whichever byte of a JWT’s tag is wrong, the answer is the same', async () => {
  const token = await mintToken()
  const [, signed = '', signature = ''] = /^(.*\.)(.*)$/.exec(token) ?? []
  const tags = wrongBytes(Buffer.from(signature, 'base64url'))
  expect(tags).toHaveLength(32)
  const wrong = tags.map((tag) => signed + tag.toString('base64url'))
  await refusedAlike(wrong.map(getWith), 'token_invalid')
  expect(statusOf(await getWith(token))).toBe(200)
})

it('timing: whichever byte of a shared secret is wrong, or missing, the answer is the same', async () => {
  const wrong = wrongBytes(Buffer.from(SHARED)).map(String)
  const others = [SHARED.slice(1), SHARED.slice(0, -1), `${SHARED}x`, 'x', SHARED.toUpperCase()]
  await refusedAlike([...wrong, ...others].map(getWith), 'token_malformed')
  expect(statusOf(await getWith(SHARED))).toBe(200)
})

it('timing: whichever byte of a ticket is wrong, the answer is the same', async () => {
  const ticket = await issue()
  // All after the version and the time of its end, which anyone may read.
  const wrong = wrongBytes(Buffer.from(ticket, 'base64url'), 5)
  expect(wrong).toHaveLength(64)
  const answers = wrong.map((bytes) => handshake(`${PATH}?ticket=${bytes.toString('base64url')}`))
  await refusedAlike(answers, 'token_invalid')
  expect(statusOf(await handshake(`${PATH}?ticket=${ticket}`))).toBe(101)
})
