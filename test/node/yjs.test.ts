import YProvider from 'y-partyserver/provider'
import { Doc } from 'yjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { BrowserSocket } from '../support/browser-socket.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveParties, type ServedParties } from '../support/serve-parties.ts'

const OTHER_SECRET = new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes')

let worker: ServedParties
const providers: YProvider[] = []

beforeAll(async () => {
  worker = await serveParties()
})

afterEach(() => {
  for (const provider of providers.splice(0)) {
    // partyserver does not answer a close frame without a code, which is what destroy() sends.
    provider.ws?.close(1000)
    provider.destroy()
  }
})

afterAll(() => worker.stop())

type Params = () => Promise<{ token?: string }>

/** The provider as it is published, over a socket that sends an `Origin` as a page's does. */
function provide(room: string, params: Params): { doc: Doc; provider: YProvider } {
  const doc = new Doc()
  const provider = new YProvider(worker.host, room, doc, {
    party: 'document',
    params,
    WebSocketPolyfill: BrowserSocket as unknown as typeof WebSocket,
    disableBc: true,
  })
  providers.push(provider)
  return { doc, provider }
}

/** The first arguments with which the provider, or the document, emits `event`. */
function emitted(emitter: YProvider | Doc, event: string): Promise<unknown> {
  return new Promise((resolve) => {
    const listener = (value: unknown) => {
      emitter.off(event as 'sync', listener)
      resolve(value)
    }
    emitter.on(event as 'sync', listener)
  })
}

async function synced(provider: YProvider): Promise<void> {
  if (!provider.synced) await emitted(provider, 'sync')
}

const valid: Params = async () => ({ token: await mintToken() })

it('lets two documents converge, each way and at the same time', async () => {
  const left = provide('converge', valid)
  const right = provide('converge', valid)
  await Promise.all([synced(left.provider), synced(right.provider)])

  left.doc.getMap('words').set('left', 'hello')
  right.doc.getMap('words').set('right', 'world')
  for (const { doc } of [left, right]) {
    const words = doc.getMap('words')
    while (words.size < 2) await emitted(doc, 'update')
    expect(words.toJSON()).toEqual({ left: 'hello', right: 'world' })
  }
})

it('gives a document to whoever comes later', async () => {
  const first = provide('later', valid)
  await synced(first.provider)
  first.doc.getText('text').insert(0, 'written before')
  // The room answers in order, so once this round trip is over it has the text as well.
  const second = provide('later', valid)
  await synced(second.provider)
  expect(second.doc.getText('text').toJSON()).toBe('written before')
})

it.for([
  ['no token', async () => ({})],
  ['another secret', async () => ({ token: await mintToken({}, { key: OTHER_SECRET }) })],
] as const)('does not sync and wakes no room with %s', async ([name, params]) => {
  const room = `refused with ${name}`
  const { doc, provider } = provide(encodeURIComponent(room), params)
  doc.getText('text').insert(0, 'not for everyone')
  const event = (await emitted(provider, 'connection-close')) as CloseEvent
  provider.disconnect()
  expect(event.code).toBe(4401)
  expect(provider.synced).toBe(false)
  expect(await worker.woken()).not.toContain(room)
})

it('comes back and syncs with the fresh token that its params give after an expired one', async () => {
  const expiries = [1_000_000_000]
  const { provider } = provide('expired', async () => {
    const exp = expiries.shift()
    return { token: await mintToken(exp === undefined ? {} : { exp }) }
  })
  const event = (await emitted(provider, 'connection-close')) as CloseEvent
  expect(event).toMatchObject({ code: 3000, reason: '{"code":"token_expired"}' })
  await synced(provider)
  expect(expiries).toEqual([])
})
