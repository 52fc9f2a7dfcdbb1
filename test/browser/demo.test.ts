import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintToken } from '../support/mint-token.ts'
import { contrastFailures } from './contrast.ts'
import { holdClock, launchChromium, messageFrom, openDemo, say, signIn } from './open-demo.ts'
import { serveDevelopment } from './serve-development.ts'

const keepsScreenshots = process.env['PORTICO_SCREENSHOTS'] === '1'

let server: Awaited<ReturnType<typeof serveDevelopment>>
let browser: Browser

beforeAll(async () => {
  // The pictures show the address that the README speaks of.
  server = await serveDevelopment(keepsScreenshots ? 8787 : 0)
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it('lets two people chat, each with a name that the gate verified', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=chat`)
  await signIn(demo.left, 'alice')
  await signIn(demo.right, 'bob')
  await demo.left.getByText('bob came in').waitFor()
  await say(demo.left, 'hello bob')
  await say(demo.right, 'hello alice')
  for (const pane of [demo.left, demo.right]) {
    await messageFrom(pane, 'alice', 'hello bob').waitFor()
    await messageFrom(pane, 'bob', 'hello alice').waitFor()
  }
  await demo.right.getByRole('button', { name: 'Sign out' }).click()
  await demo.left.getByText('bob left').waitFor()
  expect(demo.errors).toEqual([])
  await demo.page.close()
})

it('says that development keys are in use', async () => {
  const { page } = await openDemo(browser, server.origin)
  expect(await page.getByRole('note').textContent()).toContain('Development keys are in use')
  await page.close()
})

it.for([
  ['Connect without a token', 'credential_missing'],
  ['Forge a token', 'token_invalid'],
])('%s: shows the code and the reason, and does not try again', async ([button = '', code]) => {
  const demo = await openDemo(browser, `${server.origin}/?room=knock`, {}, holdClock)
  await demo.knock.getByRole('button', { name: button }).click()
  await demo.knock.getByRole('status').filter({ hasText: '4401' }).waitFor()
  expect(await demo.knock.locator('[data-part=reason]').textContent()).toBe(`{"code":"${code}"}`)
  // PartySocket pauses ten seconds at most, so it would have come back by now.
  await demo.page.clock.fastForward(60_000)
  await signIn(demo.left, 'alice')
  expect(demo.sockets).toHaveLength(2)
  expect(demo.errors).toEqual([])
  await demo.page.close()
})

it('shows the decoded token, and what the room is told because of it', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=a%2Fb%20c`)
  await signIn(demo.right, 'bob')
  const { inspector } = demo
  await inspector.locator('[data-part=seen]').filter({ hasText: 'x-verified-username' }).waitFor()
  expect(await json(inspector.locator('[data-part=header]'))).toEqual({ alg: 'HS256', typ: 'JWT' })
  expect(await inspector.locator('[data-part=claims]').textContent()).toContain('"sub": "bob"')
  expect(await inspector.getByRole('timer').textContent()).toMatch(/^(?:5:00|4:\d\d) left$/)
  expect(await json(inspector.locator('[data-part=seen]'))).toMatchObject({
    room: 'a/b c',
    headers: { 'x-verified-username': 'bob', 'x-verified-user-data': '{"role":"guest"}' },
  })
  await signIn(demo.left, 'alice')
  await inspector.locator('[data-part=claims]').filter({ hasText: '"sub": "alice"' }).waitFor()
  await inspector.getByLabel('bob').check()
  await inspector.locator('[data-part=claims]').filter({ hasText: '"sub": "bob"' }).waitFor()
  await demo.page.close()
})

it('says when a token is over', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=over`, {}, holdClock)
  await signIn(demo.left, 'alice')
  await demo.page.clock.fastForward(300_000)
  await demo.inspector.getByRole('timer').filter({ hasText: 'expired' }).waitFor()
  await demo.page.close()
})

it('starts every connection with a fresh token', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=fresh`)
  await signIn(demo.left, 'alice')
  await demo.left.getByRole('button', { name: 'Reconnect' }).click()
  await demo.left.getByText('You are alice').nth(1).waitFor()
  expect(demo.sockets).toHaveLength(2)
  expect(demo.requests.filter((url) => url.endsWith('/_portico/dev/token'))).toHaveLength(2)
  await demo.page.close()
})

it('comes back with a fresh token after the gate refused an expired one', async () => {
  const { DEVELOPMENT_KEY } = parseEnv(await readFile('development.env', 'utf8'))
  const exp = Math.floor(Date.now() / 1000) - 60
  const expired = await mintToken(
    { iss: 'https://development.portico.invalid', iat: exp - 60, exp },
    { key: new TextEncoder().encode(DEVELOPMENT_KEY) },
  )
  const demo = await openDemo(browser, `${server.origin}/?room=expired`, {}, async (page) => {
    await page.clock.install()
    await page.route(
      '**/_portico/dev/token',
      (route) => route.fulfill({ json: { token: expired } }),
      {
        times: 1,
      },
    )
  })
  await demo.left.getByRole('button', { name: 'Sign in as alice' }).click()
  await demo.left.getByRole('status').filter({ hasText: 'Expired, renewing' }).waitFor()
  await demo.page.clock.fastForward(10_000)
  await demo.left.getByRole('status').filter({ hasText: 'In the room' }).waitFor()
  expect(demo.sockets[0]).toContain(expired)
  expect(demo.sockets[1]).not.toContain(expired)
  await demo.page.close()
})

it('works with the keyboard alone', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=keyboard`)
  const { page } = demo
  await page.keyboard.press('Tab')
  expect(await page.locator(':focus').textContent()).toBe('Skip to the chat')
  await page.keyboard.press('Enter')
  await tabTo(page, 'Sign in as alice')
  await page.keyboard.press('Enter')
  await demo.left.getByLabel('Message', { exact: true }).and(page.locator(':focus')).waitFor()
  await page.keyboard.type('typed')
  await page.keyboard.press('Enter')
  await messageFrom(demo.left, 'alice', 'typed').waitFor()
  await tabTo(page, 'Connect without a token')
  await page.keyboard.press('Space')
  await demo.knock.getByRole('status').filter({ hasText: '4401' }).waitFor()
  await page.keyboard.press('Shift+Tab')
  const outline = await page.locator(':focus').evaluate((e) => getComputedStyle(e).outlineWidth)
  expect(outline).toBe('2px')
  await page.close()
})

it('shows what people write as text', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=text`)
  await signIn(demo.left, 'alice')
  const markup = '<img src=x onerror="document.title=1"><b>bold</b>'
  await say(demo.left, markup)
  await messageFrom(demo.left, 'alice', markup).waitFor()
  expect(await demo.left.locator('.log img, .log b').count()).toBe(0)
  await demo.page.close()
})

it('lets no script turn text into HTML', async () => {
  const { page } = await openDemo(browser, server.origin)
  const attempt = page.evaluate(() => (document.body.innerHTML = '<b>injected</b>'))
  await expect(attempt).rejects.toThrow('TrustedHTML')
  await page.close()
})

it('keeps tokens out of paths, of HTTP addresses and of the log', async () => {
  const demo = await openDemo(browser, `${server.origin}/?room=secret`)
  await signIn(demo.left, 'alice')
  const socket = new URL(demo.sockets[0] ?? '')
  const token = socket.searchParams.get('token') ?? ''
  const [, , signature = ''] = token.split('.')
  expect(signature).toMatch(/^[\w-]{43}$/)
  expect(socket.pathname).toBe('/parties/main/secret')
  expect(demo.requests.filter((url) => url.includes(signature))).toEqual([])
  await server.logged('/parties/main/secret')
  expect(server.logs()).not.toContain(signature)
  await demo.page.close()
})

it.for([320, 390, 768, 1280])('fits a screen that is %i pixels wide', async (width) => {
  const viewport = { width, height: 800 }
  const demo = await openDemo(browser, `${server.origin}/?room=w${width}`, { viewport })
  await signIn(demo.left, 'alice')
  await say(demo.left, 'w'.repeat(500))
  await messageFrom(demo.left, 'alice', 'www').waitFor()
  expect(await demo.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
  // One's own messages stand on the right, so one that is too wide would stick out on the left.
  const log = await demo.left.getByRole('log').boundingBox()
  const text = await demo.left.locator('.said .text').boundingBox()
  expect(text?.x).toBeGreaterThan(log?.x ?? NaN)
  await demo.page.close()
})

it.for(['light', 'dark'] as const)('keeps a contrast of 4.5 to 1 in %s', async (colorScheme) => {
  const demo = await openDemo(browser, `${server.origin}/?room=${colorScheme}`, { colorScheme })
  expect(await contrastFailures(demo.page)).toEqual([])
  await signIn(demo.left, 'alice')
  await signIn(demo.right, 'bob')
  await say(demo.left, 'hello')
  await messageFrom(demo.right, 'alice', 'hello').waitFor()
  await demo.knock.getByRole('button', { name: 'Connect without a token' }).click()
  await demo.knock.getByRole('status').waitFor()
  expect(await contrastFailures(demo.page)).toEqual([])
  await demo.page.close()
})

it.for([
  ['docs/demo-desktop.png', { colorScheme: 'light', viewport: { width: 1280, height: 860 } }],
  ['docs/demo-phone.png', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
] as const)(
  'shows a chat, a refusal and what the room sees at once, as in %s',
  async ([path, look]) => {
    const isPhone = look.viewport.width < 480
    const options = { ...look, isMobile: isPhone, hasTouch: isPhone, deviceScaleFactor: 2 }
    const demo = await openDemo(browser, server.origin, options)
    await signIn(demo.left, 'alice')
    await signIn(demo.right, 'bob')
    await say(demo.left, 'Who told you my name?')
    await messageFrom(demo.right, 'alice', 'Who told').waitFor()
    await say(demo.right, 'Portico, at the door.')
    await messageFrom(demo.left, 'bob', 'at the door').waitFor()
    await demo.knock.getByRole('button', { name: 'Connect without a token' }).click()
    const refusal = demo.knock.getByRole('status').filter({ hasText: '4401' })
    await refusal.waitFor()
    await demo.inspector.locator('[data-part=seen]').filter({ hasText: '"bob"' }).waitFor()
    await demo.page.evaluate(() => scrollTo(0, 0))
    await demo.page.mouse.move(0, 0)
    expect(await refusal.textContent()).toContain('credential_missing')
    if (keepsScreenshots) await demo.page.screenshot({ path, animations: 'disabled' })
    await demo.page.close()
  },
)

async function json(shown: Locator): Promise<unknown> {
  return JSON.parse((await shown.textContent()) ?? '') as unknown
}

async function tabTo(page: Page, name: string): Promise<void> {
  const focused = page.locator(':focus')
  for (let steps = 0; steps < 20; steps++) {
    await page.keyboard.press('Tab')
    if ((await focused.textContent()) === name) return
  }
  throw new Error(`the Tab key does not reach "${name}"`)
}
