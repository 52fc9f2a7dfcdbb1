import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Grant } from '../../src/connection/connections.ts'
import type { Refusal } from '../../src/refusal/refusal.ts'
import { TOKEN, visitWith } from '../fixtures/token-visit.ts'

const IDLE: Partial<Grant> = { maxIdleSeconds: 60 }
const REVOKED: Refusal = { code: 'token_revoked', detail: 'the token was revoked' }

beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue())
afterEach(() => void vi.restoreAllMocks())

/** A sleep that lasts until the test ends it. */
function handClock() {
  const asked: number[] = []
  const sleepers: (() => void)[] = []
  const bell = new EventTarget()
  return {
    asked,
    sleep(milliseconds: number) {
      asked.push(milliseconds)
      bell.dispatchEvent(new Event('sleep'))
      return new Promise<void>((resolve) => void sleepers.push(resolve))
    },
    /** Resolves once it was asked to sleep so many times. */
    slept: (times: number) =>
      new Promise<void>((resolve) => {
        const look = () => void (asked.length >= times && resolve())
        bell.addEventListener('sleep', look)
        look()
      }),
    wake: () => sleepers.pop()?.(),
  }
}

/** The store's answers in turn, and the tokens that it was asked about. */
function storeThat(...answers: (Refusal | undefined | Error)[]) {
  const asked: string[] = []
  return {
    asked,
    async keepAlive(token: string) {
      asked.push(token)
      const answer = answers[asked.length - 1]
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

/** A socket through the gate: the caller's end and the backend's, each with what it received. */
async function openSocket(surroundings: Parameters<typeof visitWith>[0], greeting: string[] = []) {
  const { 0: client, 1: backend } = new WebSocketPair()
  backend.accept({ allowHalfOpen: true })
  for (const text of greeting) backend.send(text)
  const { answer } = await visitWith(
    {
      ...surroundings,
      backend: () =>
        new Response(null, {
          status: 101,
          webSocket: client,
          headers: { 'sec-websocket-protocol': 'app.v2', 'sec-websocket-extensions': 'x', a: 'b' },
        }),
    },
    `/${TOKEN}`,
    { headers: { upgrade: 'websocket' } },
  )
  const response = answer?.response
  const caller = response?.webSocket
  if (response === undefined || caller === null || caller === undefined)
    throw new Error('no socket')
  return { response, caller: endOf(caller), backend: endOf(backend) }
}

function endOf(socket: WebSocket) {
  const received: unknown[] = []
  socket.addEventListener('message', ({ data }) => void received.push(data))
  const closed = new Promise<[number, string]>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve([code, reason]))
  })
  const heard = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => void (received.length >= count && resolve())
      socket.addEventListener('message', look)
      look()
    })
  return { socket, received, closed, heard }
}

describe('a socket to a backend', () => {
  it('hands on what was negotiated, but not the extensions of the other connection', async () => {
    const { response } = await openSocket({})
    expect(Object.fromEntries(response.headers)).toEqual({
      'sec-websocket-protocol': 'app.v2',
      'x-plane-backend-id': 'backend-1',
      a: 'b',
    })
  })

  it('loses nothing that the backend sent before the caller listened', async () => {
    const { caller } = await openSocket({}, ['first', 'second', 'third'])
    caller.socket.accept()
    await caller.heard(3)
    expect(caller.received).toEqual(['first', 'second', 'third'])
  })

  it('is asked about every ten seconds for as long as it is open', async () => {
    const clock = handClock()
    const store = storeThat()
    const { caller, backend } = await openSocket({ ...clock, ...store })
    caller.socket.accept({ allowHalfOpen: true })
    for (let round = 1; round <= 3; round++) {
      await clock.slept(round)
      expect(store.asked).toHaveLength(round - 1)
      clock.wake()
    }
    await clock.slept(4)
    expect(clock.asked).toEqual([10_000, 10_000, 10_000, 10_000])
    expect(store.asked).toEqual([TOKEN, TOKEN, TOKEN])

    caller.socket.close(1000, 'enough')
    expect(await backend.closed).toEqual([1000, 'enough'])
    clock.wake()
    backend.socket.close(1000, 'enough')
    await caller.closed
    expect(store.asked).toHaveLength(3)
    expect(clock.asked).toHaveLength(4)
  })

  it('lets the end that did not begin a close have the last word', async () => {
    const { caller, backend } = await openSocket({})
    caller.socket.accept({ allowHalfOpen: true })
    caller.socket.close(1000, 'enough')
    expect(await backend.closed).toEqual([1000, 'enough'])
    backend.socket.send('one thing more')
    backend.socket.close(4001, 'goodbye')
    expect(await caller.closed).toEqual([4001, 'goodbye'])
    expect(caller.received).toEqual(['one thing more'])
  })

  it.for<[what: string, answer: Refusal | Error, code: number, reason: string]>([
    ['its token is revoked', REVOKED, 4401, '{"code":"token_revoked"}'],
    [
      'its token has expired',
      { code: 'token_expired', detail: '' },
      3000,
      '{"code":"token_expired"}',
    ],
    [
      'its backend has ended',
      { code: 'backend_gone', detail: '' },
      4410,
      '{"code":"backend_gone"}',
    ],
    ['nobody can say', new Error('a secret'), 1013, '{"code":"store_unavailable"}'],
  ])('is closed at both ends once %s', async ([, answer, code, reason]) => {
    const clock = handClock()
    const { caller, backend } = await openSocket({ ...clock, ...storeThat(undefined, answer) })
    caller.socket.accept({ allowHalfOpen: true })
    clock.wake()
    await clock.slept(2)
    clock.wake()
    expect(await caller.closed).toEqual([code, reason])
    expect(await backend.closed).toEqual([code, reason])
    expect(clock.asked).toHaveLength(2)
  })
})

/** A response whose body the test goes on with. */
function streaming(headers: Record<string, string> = {}) {
  const controllers: ReadableByteStreamController[] = []
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    type: 'bytes',
    start: (controller) => void controllers.push(controller),
    cancel: () => cancel(),
  })
  return {
    backend: () => new Response(body, { headers }),
    say: (text: string) => controllers[0]?.enqueue(new TextEncoder().encode(text)),
    end: () => controllers[0]?.close(),
    /** Resolves once the gate has broken off. */
    cancelled,
  }
}

describe('a response that lasts', () => {
  it('counts as use of a backend that can idle out, until it has ended', async () => {
    const clock = handClock()
    const store = storeThat()
    const { backend, say, end } = streaming()
    const { answer } = await visitWith({ grant: IDLE, ...clock, ...store, backend }, `/${TOKEN}`)
    const reader = answer?.response.body?.pipeThrough(new TextDecoderStream()).getReader()
    // One sleeper waited for the answer, which is there.
    for (let round = 1; round <= 2; round++) {
      clock.wake()
      await clock.slept(round + 2)
      say(`part ${round}`)
      expect((await reader?.read())?.value).toBe(`part ${round}`)
    }
    expect(clock.asked).toEqual([10_000, 10_000, 10_000, 10_000])
    expect(store.asked).toEqual([TOKEN, TOKEN])
    end()
    expect((await reader?.read())?.done).toBe(true)
    await scheduler.wait(0)
    clock.wake()
    await scheduler.wait(0)
    expect(store.asked).toHaveLength(2)
  })

  it.for<[what: string, answer: Refusal | Error]>([
    ['its token is revoked', REVOKED],
    ['nobody can say', new Error('a secret')],
  ])('is broken off once %s', async ([, refusal]) => {
    const clock = handClock()
    const { backend, say, cancelled } = streaming()
    const surroundings = { grant: IDLE, ...clock, ...storeThat(refusal), backend }
    const { answer } = await visitWith(surroundings, `/${TOKEN}`)
    const reader = answer?.response.body?.pipeThrough(new TextDecoderStream()).getReader()
    say('beginning')
    expect((await reader?.read())?.value).toBe('beginning')
    clock.wake()
    await expect(reader?.read()).rejects.toThrow()
    await cancelled
  })

  it.for<[what: string, grant: Partial<Grant>, response: () => Response]>([
    ['of a backend that does not idle out', {}, () => new Response('x'.repeat(100_000))],
    ['that is short', IDLE, () => new Response('short', { headers: { 'content-length': '5' } })],
    ['without a body', IDLE, () => new Response(null, { status: 204 })],
  ])('is not one %s', async ([, grant, backend]) => {
    const clock = handClock()
    const store = storeThat()
    const { answer } = await visitWith({ grant, ...clock, ...store, backend }, `/${TOKEN}`)
    await answer?.response.arrayBuffer()
    clock.wake()
    await scheduler.wait(0)
    expect(store.asked).toEqual([])
  })

  it('is an event stream however its type is spelt', async () => {
    const clock = handClock()
    const { backend, cancelled } = streaming({ 'content-type': 'Text/Event-Stream' })
    const { answer } = await visitWith({ ...clock, ...storeThat(REVOKED), backend }, `/${TOKEN}`)
    const reader = answer?.response.body?.getReader()
    clock.wake()
    await expect(reader?.read()).rejects.toThrow()
    await cancelled
  })
})

describe('a request whose answer takes long', () => {
  it('counts as use of a backend that can idle out, until the answer is there', async () => {
    const clock = handClock()
    const store = storeThat()
    const thinking = Promise.withResolvers<Response>()
    const backend = () => thinking.promise
    const visiting = visitWith({ grant: IDLE, ...clock, ...store, backend }, `/${TOKEN}`)
    for (let round = 1; round <= 2; round++) {
      await clock.slept(round)
      expect(store.asked).toHaveLength(round - 1)
      clock.wake()
    }
    await clock.slept(3)
    expect(store.asked).toEqual([TOKEN, TOKEN])
    thinking.resolve(new Response('at last', { headers: { 'content-length': '7' } }))
    const { answer } = await visiting
    expect(await answer?.response.text()).toBe('at last')
    clock.wake()
    await scheduler.wait(0)
    expect(store.asked).toHaveLength(2)
  })

  it('is turned away once its token is revoked', async () => {
    const clock = handClock()
    const thinking = Promise.withResolvers<Response>()
    const backend = () => thinking.promise
    const surroundings = { grant: IDLE, ...clock, ...storeThat(REVOKED), backend }
    const visiting = visitWith(surroundings, `/${TOKEN}`)
    await clock.slept(1)
    clock.wake()
    const { answer } = await visiting
    expect(answer?.response.status).toBe(410)
    expect(await answer?.response.json()).toMatchObject({ code: 'token_revoked' })
  })

  it('is not asked about where the backend does not idle out', async () => {
    const clock = handClock()
    await visitWith(clock, `/${TOKEN}`)
    expect(clock.asked).toEqual([])
  })
})
