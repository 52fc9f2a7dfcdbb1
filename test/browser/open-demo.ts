import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from 'playwright-core'

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      // In a process of its own, a frame takes no part in the emulation of a phone.
      '--disable-features=IsolateSandboxedIframes',
      '--disable-component-update',
      '--disable-gpu',
      '--disable-quic',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}

/** The demo page with what a test reads from it. */
export interface Demo {
  readonly page: Page
  readonly left: Locator
  readonly right: Locator
  readonly inspector: Locator
  readonly knock: Locator
  readonly whiteboard: Locator
  /** Errors in the console, and thrown ones. */
  readonly errors: readonly string[]
  /** The addresses of all requests. */
  readonly requests: readonly string[]
  /** The addresses of all WebSockets. */
  readonly sockets: readonly string[]
}

/** Opens the demo page in a browser profile of its own. */
export async function openDemo(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<unknown> = () => Promise.resolve(),
): Promise<Demo> {
  const page = await browser.newPage(options)
  const errors: string[] = []
  const requests: string[] = []
  const sockets: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  page.on('websocket', (socket) => sockets.push(socket.url()))
  await prepare(page)
  await page.goto(url)
  return {
    page,
    left: page.locator('[data-pane=left]'),
    right: page.locator('[data-pane=right]'),
    inspector: page.locator('[data-card=inspector]'),
    knock: page.locator('[data-card=knock]'),
    whiteboard: page.locator('[data-card=whiteboard]'),
    errors,
    requests,
    sockets,
  }
}

/** Lets a test move the page's time forward. */
export function holdClock(page: Page): Promise<void> {
  return page.clock.install()
}

export async function signIn(pane: Locator, name: 'alice' | 'bob'): Promise<void> {
  await pane.getByRole('button', { name: `Sign in as ${name}` }).click()
  await pane.getByRole('status').filter({ hasText: 'In the room' }).waitFor()
}

export async function say(pane: Locator, text: string): Promise<void> {
  await pane.getByLabel('Message', { exact: true }).fill(text)
  await pane.getByRole('button', { name: 'Send' }).click()
}

/** A message of that person, as the pane shows it. */
export function messageFrom(pane: Locator, name: string, text: string): Locator {
  return pane
    .locator('.said')
    .filter({ hasText: `${name} verified` })
    .filter({ hasText: text })
}
