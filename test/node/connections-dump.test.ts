import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  serveConnections,
  type ConnectAnswer,
  type ConnectionGate,
} from '../support/serve-connections.ts'

let gate: ConnectionGate
let issued: ConnectAnswer[]
beforeAll(async () => {
  gate = await serveConnections()
  const key = { name: 'dumped', namespace: 'n' }
  issued = [
    await gate.connect({ key, user: 'alice-of-the-dump', auth: { role: 'editor' } }),
    await gate.connect({ key, user: 'bob', max_uses: 1 }),
    await gate.connect({ max_uses: 3, expires_in_seconds: 60, origin: 'https://a.example' }),
    await gate.connect({ scope: { path: '/docs', methods: ['GET'] } }),
    await gate.connect({ key: { name: 'static' } }, { use_static_token: true }),
    await gate.connect({}, { use_static_token: true, max_idle_seconds: 300 }),
    await gate.connect({}, { executable: { room: { party: 'main', room: 'dumped' } } }),
  ]
  // Used, revoked and given out again: every path that writes something.
  for (const { token } of issued) await fetch(gate.url(`/${token}/docs`))
  await gate.control('/ctrl/revoke', { token_id: issued[4]?.token_id })
  issued.push(await gate.connect({ key: { name: 'static' } }, null))
  await gate.control('/ctrl/revoke', { token_id: issued[0]?.token_id })
})
afterAll(() => gate.stop())

/** Every byte that the objects have on disk. */
async function dump(): Promise<Buffer> {
  const files = await readdir(gate.worker.objects, { recursive: true, withFileTypes: true })
  const contents = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name)))
  return Buffer.concat(await Promise.all(contents))
}

const TOKEN_BYTES = 54

/** The parts of a token: which bytes they are is fixed by the version that its first byte names. */
function partsOf({ token, secret_token }: ConnectAnswer): readonly Buffer[] {
  const bytes = Buffer.from(token.replace(/^s\./, ''), 'base64url')
  const parts = [bytes, bytes.subarray(22, 38), bytes.subarray(38)]
  return secret_token === null ? parts : [...parts, Buffer.from(secret_token, 'base64url')]
}

it('holds what the application said of its users, so that it is the storage that is searched', async () => {
  const stored = await dump()
  expect(stored.includes('alice-of-the-dump')).toBe(true)
  expect(stored.includes(issued[0]?.backend_id ?? '')).toBe(true)
})

it('holds no token, random part, tag, secret token or static token, in any spelling', async () => {
  const stored = await dump()
  const found = issued.flatMap((answer) =>
    partsOf(answer).flatMap((part, at) =>
      [
        part,
        part.toString('base64url'),
        part.toString('base64'),
        part.toString('hex'),
        part.toString('hex').toUpperCase(),
      ]
        .filter((spelling) => stored.includes(spelling))
        .map((spelling) => [answer.token_id, at, spelling]),
    ),
  )
  expect(found).toEqual([])
})

it('holds nothing that the gate takes for a token', async () => {
  const stored = await dump()
  // What is shorter than this has not the form of a token.
  const texts = stored.toString('latin1').match(/[\w-]{16,}/g) ?? []
  expect(texts.length).toBeGreaterThan(20)
  const candidates = new Set(texts)
  // The values of a row lie one behind the other, so that a text may begin before a value.
  for (const text of texts) {
    for (const length of [16, 22, 43, 72]) {
      const last = Math.min(text.length, 200) - length
      for (let at = 0; at <= last; at++) candidates.add(text.slice(at, at + length))
    }
  }
  for (let at = 0; at + TOKEN_BYTES <= stored.length; at++) {
    if (stored[at] !== 2 && stored[at] !== 3) continue
    candidates.add(stored.subarray(at, at + TOKEN_BYTES).toString('base64url'))
  }
  for (const text of [...candidates]) candidates.add(`s.${text}`)
  const all = [...candidates]
  const opened: string[] = []
  for (let at = 0; at < all.length; at += 50) {
    const batch = all.slice(at, at + 50).map(async (text) => {
      const response = await fetch(gate.url(`/${text}/`))
      await response.arrayBuffer()
      if (response.status !== 410) opened.push(text)
    })
    await Promise.all(batch)
  }
  expect(opened).toEqual([])
})

it('still lets in who may: the tokens that were searched for are good', async () => {
  const [, , , , , last] = issued
  expect((await fetch(gate.url(`/${last?.token}/`))).status).toBe(200)
})
