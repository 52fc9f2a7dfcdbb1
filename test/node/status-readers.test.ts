import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPortico } from '../../src/server.ts'
import { ADMIN_KEY } from '../support/connection-keys.ts'
import { eventsOf } from '../support/event-stream.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

// As many as one backend keeps streams for.
const READERS = 1000
const AT_ONCE = 20

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
})
afterAll(() => gate.stop())

const open = () => fetch(gate.url('/pub/b/watched/status-stream'))

async function visit(): Promise<void> {
  for await (const { id } of eventsOf(await open())) if (id === 'scheduled') return
}

async function visitInTurn(): Promise<void> {
  for (let visits = 0; visits < READERS / AT_ONCE; visits++) await visit()
}

it('tells whoever comes after a thousand who left, and whoever was there before them', async () => {
  await gate.start({ backendId: 'watched', key: 'watched' })
  const { statusStream } = createPortico({ url: gate.url(''), key: ADMIN_KEY })
  const early = statusStream('watched')[Symbol.asyncIterator]()
  const scheduled = { done: false, value: { ok: true, value: { status: 'scheduled' } } }
  expect(await early.next()).toMatchObject(scheduled)
  await Promise.all(Array.from({ length: AT_ONCE }, visitInTurn))

  const late = eventsOf(await open())
  expect(await late.next()).toMatchObject({ value: { id: 'scheduled' } })
  await gate.report({ backendId: 'watched', entry: { status: 'loading', time: Date.now() } })
  expect(await late.next()).toMatchObject({ done: false, value: { id: 'loading' } })
  const loading = { done: false, value: { ok: true, value: { status: 'loading' } } }
  expect(await early.next()).toMatchObject(loading)
  await late.return(undefined)
  await early.return?.()
})
