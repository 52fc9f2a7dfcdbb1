import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Outgoing } from '../../src/forward/outgoing.ts'
import { forwardToRoom } from '../../src/forward/to-room.ts'
import { createGate } from '../../src/portico.ts'

const SECRET_TEXT = 'postgres://admin:hunter2@db'

beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue())
afterEach(() => void vi.restoreAllMocks())

interface Flags {
  readonly retryable?: unknown
  readonly overloaded?: boolean
}

/** The platform cannot be made to lose an object on demand, so its errors are thrown here. */
function failing(times: number, error: unknown) {
  const asked: string[] = []
  const namespace = {
    idFromName: String,
    getByName(room: string) {
      asked.push(room)
      return {
        fetch: async () => {
          if (asked.length <= times) throw error
          return new Response('back')
        },
      }
    },
  }
  return { asked, namespace: namespace as unknown as DurableObjectNamespace }
}

const pauses: number[] = []
async function sleep(milliseconds: number): Promise<void> {
  pauses.push(milliseconds)
}

beforeEach(() => void pauses.splice(0))

function outgoing(init: RequestInit): Outgoing {
  return { url: 'https://gate.example/party/x', init: { ...init, headers: new Headers() } }
}

const get = () => outgoing({ method: 'GET', body: null })
const post = () => outgoing({ method: 'POST', body: 'once' })

describe('a lost room', () => {
  it.for<[string, Flags, number]>([
    ['retryable', { retryable: true }, 3],
    ['retryable and not overloaded', { retryable: true, overloaded: false }, 3],
    ['retryable but overloaded', { retryable: true, overloaded: true }, 1],
    ['overloaded', { overloaded: true }, 1],
    ['not retryable', { retryable: false }, 1],
    ['with an odd flag', { retryable: 'true' }, 1],
    ['without flags', {}, 1],
  ])('that is %o is asked as often as the platform advises', async ([, flags, attempts]) => {
    const error = Object.assign(new Error(SECRET_TEXT), flags)
    const { namespace, asked } = failing(Number.POSITIVE_INFINITY, error)
    const result = await forwardToRoom(namespace, 'x', get(), sleep)
    expect(result).toMatchObject({ ok: false, refusal: { code: 'store_unavailable' } })
    expect(asked).toEqual(Array.from({ length: attempts }, () => 'x'))
    expect(pauses).toHaveLength(attempts - 1)
  })

  it('is asked once for a request with a body, which may have been read in part', async () => {
    const error = Object.assign(new Error(), { retryable: true })
    const { namespace, asked } = failing(1, error)
    const result = await forwardToRoom(namespace, 'x', post(), sleep)
    expect([result.ok, asked.length]).toEqual([false, 1])
  })

  it('is asked once where what was thrown is no error', async () => {
    const { namespace, asked } = failing(1, { retryable: true })
    expect((await forwardToRoom(namespace, 'x', get(), sleep)).ok).toBe(false)
    expect(asked).toHaveLength(1)
  })

  it.for([1, 2])('answers once it is back, after %i failures', async (failures) => {
    const error = Object.assign(new Error(), { retryable: true })
    const { namespace } = failing(failures, error)
    const result = await forwardToRoom(namespace, 'x', get(), sleep)
    expect(result.ok && (await result.value.text())).toBe('back')
    expect(pauses).toHaveLength(failures)
  })

  it('is paused for ever longer at most, in steps that differ between callers', async () => {
    const error = Object.assign(new Error(), { retryable: true })
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await forwardToRoom(failing(9, error).namespace, 'x', get(), sleep)
    vi.mocked(Math.random).mockReturnValue(0.5)
    await forwardToRoom(failing(9, error).namespace, 'x', get(), sleep)
    expect(pauses).toEqual([200, 400, 100, 200])
  })
})

it('runs the hook once, however often the room is asked', async () => {
  const error = Object.assign(new Error(), { retryable: true })
  const { namespace, asked } = failing(2, error)
  vi.spyOn(Math, 'random').mockReturnValue(0)
  let hooked = 0
  const gate = createGate({
    rooms: {
      main: {
        binding: namespace,
        auth: 'hook',
        onBeforeRequest(request) {
          hooked += 1
          return request
        },
      },
    },
  })
  const response = await gate.fetch(
    new Request('https://gate.example/party/x'),
    env,
    createExecutionContext(),
  )
  expect(await response.text()).toBe('back')
  expect([asked.length, hooked]).toEqual([3, 1])
})
