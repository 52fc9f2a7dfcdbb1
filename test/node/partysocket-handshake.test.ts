import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BrowserSocket, closing, PAGE_ORIGIN, refusedHandshake } from '../support/browser-socket.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveParties, type ServedParties } from '../support/serve-parties.ts'

let worker: ServedParties

beforeAll(async () => {
  worker = await serveParties()
})

afterAll(() => worker.stop())

const ROOM = '/parties/echo/handshake'

it('answers a client that is no browser with the status and a problem', async () => {
  const { status, body, headers } = await refusedHandshake(
    new WebSocket(`ws://${worker.host}${ROOM}`),
  )
  expect(status).toBe(401)
  expect(headers).toMatchObject({
    'content-type': 'application/problem+json',
    'www-authenticate': 'Bearer realm="portico"',
  })
  expect(JSON.parse(body)).toMatchObject({ status: 401, code: 'credential_missing' })
  expect(await worker.woken()).not.toContain('handshake')
})

it.for([
  ['close', undefined],
  ['close', PAGE_ORIGIN],
  ['', PAGE_ORIGIN],
] as const)('accepts and closes: gate /%s, origin %s', async ([gate, origin]) => {
  const url = new URL(gate + ROOM, `ws://${worker.host}`)
  const socket = new WebSocket(url, origin === undefined ? {} : { origin })
  expect(await closing(socket)).toEqual({ code: 4401, reason: '{"code":"credential_missing"}' })
})

it.for([
  ['status', undefined],
  ['status', PAGE_ORIGIN],
  ['', undefined],
] as const)('answers with the status: gate /%s, origin %s', async ([gate, origin]) => {
  const url = new URL(gate + ROOM, `ws://${worker.host}`)
  const socket = new WebSocket(url, origin === undefined ? {} : { origin })
  expect(await refusedHandshake(socket)).toMatchObject({ status: 401 })
})

it('answers with the status where only the credential is offered as a subprotocol, for no echo is possible', async () => {
  const token = await mintToken()
  const socket = new BrowserSocket(`ws://${worker.host}/close${ROOM}`, `portico.bearer.${token}`)
  const { status, body, headers } = await refusedHandshake(socket)
  expect(status).toBe(400)
  expect(headers).not.toHaveProperty('sec-websocket-protocol')
  expect(JSON.parse(body)).toMatchObject({ code: 'request_malformed' })
  expect(body).not.toContain(token)
})
