import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { PartySocket } from 'partysocket'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { BrowserSocket, closing, refusedHandshake } from '../support/browser-socket.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

const KID = 'clerk-key-1'

let clerk: Server
let issuer: string
let worker: ServedWorker
let host: string
let privateKey: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('RS256')
  privateKey = pair.privateKey
  const jwk = await exportJWK(pair.publicKey)
  const keySet = JSON.stringify({ keys: [{ ...jwk, kid: KID, alg: 'RS256', use: 'sig' }] })
  clerk = createServer(({ url }, response) => {
    const isKeySet = url === '/.well-known/jwks.json'
    response.writeHead(isKeySet ? 200 : 404, { 'content-type': 'application/json' })
    response.end(isKeySet ? keySet : '{}')
  }).listen(0, '127.0.0.1')
  await once(clerk, 'listening')
  issuer = `http://127.0.0.1:${(clerk.address() as AddressInfo).port}`
  worker = await serveWorker({
    entry: 'test/fixtures/partykit-examples/worker.ts',
    rooms: { MAIN: 'ConnectRoom', PRINTED: 'RequestRoom', CORRECTED: 'RequestRoom' },
    vars: { CLERK_ENDPOINT: issuer },
  })
  host = `127.0.0.1:${worker.port}`
})

afterAll(async () => {
  await worker.stop()
  clerk.closeAllConnections()
  clerk.close()
})

function sessionToken(claims: Record<string, unknown> = {}, key = privateKey): Promise<string> {
  const header = { kid: KID }
  return mintToken({ iss: issuer, aud: undefined, ...claims }, { key, alg: 'RS256', header })
}

const refusedTokens: readonly [string, () => Promise<string>][] = [
  ['expired', () => sessionToken({ exp: 1_000_000_000 })],
  ['of another issuer', () => sessionToken({ iss: 'https://clerk.yourdomain.com' })],
  ['of another key', async () => sessionToken({}, (await generateKeyPair('RS256')).privateKey)],
  ['empty', async () => ''],
]

describe("PartyKit's example for WebSocket connections", () => {
  it('lets a valid token in, and onConnect sees X-User-ID', async () => {
    const socket = new PartySocket({
      host,
      room: 'room-id',
      WebSocket: BrowserSocket,
      query: async () => ({ token: await sessionToken({ sub: 'user_alice' }) }),
    })
    const [event] = (await once(socket as unknown as EventTarget, 'message')) as [MessageEvent]
    socket.close()
    expect(event.data).toBe('Hello user_alice from party!')
  })

  it.for(refusedTokens)('keeps a token out that is %s', async ([, mint]) => {
    const url = `ws://${host}/party/room-id?token=${await mint()}`
    expect(await closing(new BrowserSocket(url))).toEqual({
      code: 4403,
      reason: '{"code":"hook_refused"}',
    })
    const { status, body } = await refusedHandshake(new WebSocket(url))
    expect([status, body]).toEqual([401, 'Unauthorized'])
  })

  it('lets nobody in over HTTP, which it has no hook for', async () => {
    const response = await fetch(`${worker.origin}/party/room-id?token=${await sessionToken()}`)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'hook_refused' })
  })
})

describe("PartyKit's example for HTTP requests", () => {
  it('answers 401 to everyone as it is printed, since it reads a `lobby` that nothing declares', async () => {
    expect(await ask('printed', await sessionToken())).toEqual([401, 'Unauthorized'])
  })

  it('lets a valid token in once it declares `lobby`', async () => {
    expect(await ask('corrected', await sessionToken())).toEqual([200, 'Hello from party!'])
  })

  it.for(refusedTokens)('keeps a token out that is %s', async ([, mint]) => {
    expect(await ask('corrected', await mint())).toEqual([401, 'Unauthorized'])
  })
})

async function ask(party: string, authorization: string): Promise<[number, string]> {
  const response = await fetch(`${worker.origin}/parties/${party}/room-id`, {
    headers: { authorization },
  })
  return [response.status, await response.text()]
}
