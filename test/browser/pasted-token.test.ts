import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { holdClock, launchChromium, messageFrom, openDemo, say, type Demo } from './open-demo.ts'

/** The demo with a real issuer and no development key, as it may be deployed. */
let worker: ServedWorker
let browser: Browser

beforeAll(async () => {
  worker = await serveWorker({
    entry: 'src/index.ts',
    vars: { DEMO: 'true', JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWT_SECRET: SECRET },
    rooms: { CHAT_ROOM: 'ChatRoom' },
  })
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await worker?.stop()
})

it('lets in whoever pastes a token of the issuer', async () => {
  const demo = await openDemo(browser, worker.origin)
  await paste(demo, await mintToken({ sub: 'carol' }))
  await demo.left.getByRole('status').filter({ hasText: 'In the room' }).waitFor()
  await demo.left.getByRole('heading', { name: 'carol' }).waitFor()
  await say(demo.left, 'hello')
  await messageFrom(demo.left, 'carol', 'hello').waitFor()
  await demo.inspector.locator('[data-part=seen]').filter({ hasText: ISSUER }).waitFor()
  expect(demo.errors).toEqual([])
  await demo.page.close()
})

it('offers no sign-in and no banner where there is no development key', async () => {
  const { page } = await openDemo(browser, worker.origin)
  await page.getByRole('heading', { name: 'First visitor' }).waitFor()
  expect(await page.getByRole('note').count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Sign in as' }).count()).toBe(0)
  await page.close()
})

it.for([
  ['expired', { iat: 1, exp: 2 }, 'token_expired (3000)'],
  ['for another audience', { aud: 'another' }, 'token_invalid (4401)'],
] as const)('does not come back with a pasted token that is %s', async ([, claims, why]) => {
  const demo = await openDemo(browser, worker.origin, {}, holdClock)
  await paste(demo, await mintToken(claims))
  await demo.left
    .getByRole('status')
    .filter({ hasText: `Refused: ${why}` })
    .waitFor()
  await demo.page.clock.fastForward(60_000)
  await demo.left.getByRole('button', { name: 'Sign out' }).click()
  await paste(demo, await mintToken())
  await demo.left.getByRole('status').filter({ hasText: 'In the room' }).waitFor()
  expect(demo.sockets).toHaveLength(2)
  await demo.page.close()
})

it('says that a pasted text is not a token, and asks nobody', async () => {
  const demo = await openDemo(browser, worker.origin)
  await paste(demo, 'not.a.token')
  await demo.left.getByRole('status').filter({ hasText: 'That is not a JWT.' }).waitFor()
  expect(demo.sockets).toEqual([])
  await demo.page.close()
})

async function paste({ left }: Demo, token: string): Promise<void> {
  await left.getByLabel('A token of your issuer').fill(token)
  await left.getByRole('button', { name: 'Enter the room' }).click()
}
