import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { BrowserSocket, closing, refusedHandshake } from '../support/browser-socket.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

let worker: ServedWorker

beforeAll(async () => {
  worker = await serveWorker({
    entry: 'test/fixtures/failing-rooms.ts',
    rooms: { THROWING: 'ThrowingRoom', ABORTING: 'AbortingRoom', UNBORN: 'UnbornRoom' },
  })
})

afterAll(() => worker.stop())

const PROBLEM = {
  status: 503,
  title: 'Service Unavailable',
  code: 'store_unavailable',
  detail: 'the room cannot be reached right now',
}

async function asked(): Promise<number> {
  return (await fetch(`${worker.origin}/asked`)).json() as Promise<number>
}

it.for(['throwing', 'aborting', 'unborn'])(
  'answers 503 and nothing of the error for a room that is %s',
  async (party) => {
    const path = `/parties/${party}/x`
    await asked()
    for (const init of [{}, { method: 'POST', body: 'once' }]) {
      const response = await fetch(worker.origin + path, init)
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('5')
      expect(await response.json()).toEqual(PROBLEM)
    }
    expect(await asked()).toBe(2)

    const browser = new BrowserSocket(`ws://127.0.0.1:${worker.port}${path}`)
    expect(await closing(browser)).toEqual({ code: 1013, reason: '{"code":"store_unavailable"}' })
    const other = new WebSocket(`ws://127.0.0.1:${worker.port}${path}`)
    const { status, body } = await refusedHandshake(other)
    expect([status, JSON.parse(body)]).toEqual([503, PROBLEM])
  },
)
