import { expect, it } from 'vitest'
import type { Connected, ConnectOrder, Connections } from '../../src/connection/connections.ts'
import { originSpawner } from '../../src/connection/origin-spawner.ts'
import type { Spawner } from '../../src/connection/spawner.ts'
import { arrivalOf, connectionStore, orderOf } from '../fixtures/connection-store.ts'

async function connected(connections: Connections, order: ConnectOrder): Promise<Connected> {
  const result = await connections.connect(order)
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`)
  return result.value
}

async function answerTo(connections: Connections, token: string): Promise<string> {
  const admission = await connections.admit(token, arrivalOf())
  return admission.ok ? 'ok' : admission.turned.refusal.code
}

type TakingOut = (by: Connections, backendId: string) => Promise<unknown>
const revoking: TakingOut = (by, backendId) => by.revoke({ backendId })
const ending: TakingOut = (by, backendId) => by.terminate(backendId, 'hard')

it.for([
  ['revokes', revoking, 'token_revoked'],
  ['ends', ending, 'backend_gone'],
] as const)(
  'is forgotten at once where somebody %s it, and elsewhere when the time is over',
  async ([, takeOut, code]) => {
    const here = connectionStore({ rememberSeconds: 5 })
    const elsewhere = connectionStore({ rememberSeconds: 5 })
    const { token, backendId } = await connected(here.connections, orderOf())
    const other = await connected(here.connections, orderOf())
    for (const { connections } of [here, elsewhere]) {
      expect(await answerTo(connections, token)).toBe('ok')
    }
    expect(await answerTo(here.connections, other.token)).toBe('ok')
    await takeOut(here.connections, backendId)
    expect(await answerTo(here.connections, token)).toBe(code)
    elsewhere.clock.now += 4999
    expect(await answerTo(elsewhere.connections, token)).toBe('ok')
    elsewhere.clock.now += 1
    expect(await answerTo(elsewhere.connections, token)).toBe(code)
    // Nobody else has to be asked about again.
    const before = here.reached.length
    expect(await answerTo(here.connections, other.token)).toBe('ok')
    expect(here.reached).toHaveLength(before)
  },
)

it('is asked about again when the lifetime of its backend is over', async () => {
  const { connections, clock, reached } = connectionStore({ rememberSeconds: 60 })
  const { token } = await connected(connections, orderOf({}, { lifetimeLimitSeconds: 20 }))
  const uses = async () => {
    const before = reached.length
    await answerTo(connections, token)
    return reached.length - before
  }
  expect(await uses()).toBe(1)
  clock.now += 10_000
  expect(await uses()).toBe(0)
  clock.now += 40_000
  expect(await uses()).toBe(1)
})

it.for(['a new token', 'an old token'])(
  'leads nowhere with %s once its origin is no longer allowed',
  async (which) => {
    const before = connectionStore()
    const since = connectionStore({
      addressSpawners: [originSpawner(new Set(['http://127.0.0.1:9001']))],
    })
    const key = { namespace: 'tests', name: `moved: ${which}`, tag: '' }
    const first = await connected(before.connections, orderOf({ key }))
    expect(await answerTo(before.connections, first.token)).toBe('ok')
    const { token } =
      which === 'an old token'
        ? first
        : await connected(since.connections, { ...orderOf({ key }), spawn: undefined })
    expect(await answerTo(since.connections, token)).toBe('backend_gone')
    expect(await answerTo(before.connections, token)).toBe('ok')
  },
)

const willing: Spawner = {
  spawn: async () => ({ kind: 'accepted' }),
  stop: async () => 'accepted',
}

it('leads where its spawner told, which no list has to allow', async () => {
  const { connections } = connectionStore({ spawner: willing, addressSpawners: [] })
  const order = orderOf({}, { executable: { image: 'notebook' } })
  const { backendId, token } = await connected(connections, order)
  const toldAt = Date.now()
  const entry = { status: 'ready', time: toldAt } as const
  const address = { kind: 'origin', origin: 'http://127.0.0.1:9002' } as const
  await connections.report({ backendId, entry, address, toldAt })
  expect(await answerTo(connections, token)).toBe('ok')
})
