import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { countedGate } from '../fixtures/counted-gate.ts'
import { mintToken } from '../support/mint-token.ts'

it("keeps a room's socket open through the gate while the room sleeps", async () => {
  const authorization = await mintToken()
  const headers = { upgrade: 'websocket', authorization }
  const { webSocket } = await countedGate().send('/party/sleepy', { headers })
  if (webSocket === null) throw new Error('the room gave no socket')
  const next = () =>
    new Promise<unknown>((resolve) => {
      webSocket.addEventListener('message', ({ data }) => resolve(data), { once: true })
    })
  const greeting = next()
  webSocket.accept()
  expect(JSON.parse(String(await greeting))).toMatchObject({
    headers: { 'x-verified-subject': 'alice' },
  })

  await evictDurableObject(env.ECHO_ROOM.getByName('sleepy'))
  const answer = next()
  webSocket.send('wake up')
  expect(await answer).toBe('wake up')
  webSocket.close()
})
