import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseEnv } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveWorker } from '../support/serve-worker.ts'
import { contrastFailures } from './contrast.ts'
import { launchChromium, openDemo } from './open-demo.ts'
import { serveDevelopment } from './serve-development.ts'
import { boardOf, draw, moveTo, openBoard, pin, type Point } from './whiteboard.ts'

const keepsScreenshots = process.env['PORTICO_SCREENSHOTS'] === '1'
const development = parseEnv(await readFile('development.env', 'utf8')) as Record<
  'DEVELOPMENT_KEY' | 'TOKEN_KEY' | 'CONTROL_KEY',
  string
>

const ROOF: readonly Point[] = [
  [0.5, 0.2],
  [0.76, 0.38],
  [0.24, 0.38],
  [0.5, 0.2],
]
const COLUMNS = [0.3, 0.5, 0.7].map((x): Point[] => [
  [x, 0.42],
  [x, 0.66],
])
const STEP: readonly Point[] = [
  [0.24, 0.7],
  [0.76, 0.7],
]

let server: Awaited<ReturnType<typeof serveDevelopment>>
let browser: Browser
/** Serves an empty page, on whatever name it is reached by. */
let elsewhere: Server

beforeAll(async () => {
  server = await serveDevelopment(keepsScreenshots ? 8787 : 0)
  browser = await launchChromium()
  elsewhere = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>another page</title>')
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  elsewhere?.close()
})

it('opens one whiteboard for two people, who see who draws and who writes', async () => {
  const [alices, bobs] = [
    await openDemo(browser, server.origin),
    await openDemo(browser, server.origin),
  ]
  const session = await openBoard(alices, 'alice')
  expect(await openBoard(bobs, 'bob')).toBe(session)
  const [alice, bob] = [boardOf(alices, 'alice'), boardOf(bobs, 'bob')]
  await alice.getByLabel('Who is here').getByText('Bob').waitFor()

  await draw(bobs.page, bob, 'Bob', ROOF)
  await alice.locator('#ink [data-by=Bob]').waitFor({ state: 'attached' })
  await pin(alice, 'Who was that?')
  const note = bob.getByRole('listitem').filter({ hasText: 'Who was that?' })
  expect(await note.textContent()).toContain('Alice')

  await bobs.whiteboard.getByRole('button', { name: 'Leave' }).click()
  await alice.getByRole('status').filter({ hasText: 'Bob left' }).waitFor()
  expect([...alices.errors, ...bobs.errors]).toEqual([])
  await alices.page.close()
  await bobs.page.close()
})

it('keeps the page of a backend away from the page around it', async () => {
  const demo = await openDemo(browser, server.origin)
  await openBoard(demo, 'alice')
  const board = demo.page.frames().find((frame) => frame !== demo.page.mainFrame())
  await expect(board?.evaluate(() => parent.document.title)).rejects.toThrow('SecurityError')
  await demo.page.close()
})

it('says how a session ended, and starts another one', async () => {
  const demo = await openDemo(browser, server.origin)
  const session = await openBoard(demo, 'alice')
  await control(`/ctrl/b/${session}/soft-terminate`)
  const ended = demo.whiteboard.getByRole('status').filter({ hasText: 'has ended' })
  expect(await ended.textContent()).toContain('(external)')
  expect(await demo.whiteboard.locator('iframe').count()).toBe(0)
  expect(await openBoard(demo, 'alice')).not.toBe(session)
  await demo.page.close()
})

it('says what to do when the spawner does not answer', async () => {
  const worker = await serveWorker({
    entry: 'src/index.ts',
    vars: {
      ...development,
      SPAWNER_URL: 'http://127.0.0.1:1',
      SPAWNER_SECRET: `whsec_${btoa('a secret that nobody asks for')}`,
    },
    rooms: {
      CHAT_ROOM: 'ChatRoom',
      SUBJECT: 'Subject',
      BACKEND: 'Backend',
      BACKEND_KEY: 'BackendKey',
      BACKEND_INDEX: 'BackendIndex',
    },
  })
  const demo = await openDemo(browser, worker.origin)
  const open = demo.whiteboard.getByRole('button', { name: 'Open the whiteboard as alice' })
  await open.click()
  await demo.whiteboard.getByRole('status').filter({ hasText: 'start it again' }).waitFor()
  expect(await open.isEnabled()).toBe(true)
  await demo.page.close()
  await worker.stop()
})

it('leads from the link to the backend, keeps who it was, and opens a WebSocket', async () => {
  const { url, token } = await guardedBackend()
  const page = await browser.newPage()
  await page.goto(`${url}_plane_auth?token=${token}&redirect=%2F%3Fa%3Db&theme=dark`)
  expect(page.url()).toBe(`${url}?a=b&theme=dark`)
  await greeted(page)
  await page.reload()
  await greeted(page)

  const [cookie, ...others] = await page.context().cookies()
  expect(others).toEqual([])
  const host = new URL(url).hostname
  const attributes = { name: '_plane_auth', domain: host, httpOnly: true, sameSite: 'Lax' }
  expect(cookie).toMatchObject({ ...attributes, path: '/', expires: -1 })
  expect(await page.evaluate(() => document.cookie)).toBe('')
  await page.close()
})

it('lets nobody in who has not been at the link', async () => {
  const { url } = await guardedBackend()
  const page = await browser.newPage()
  const response = await page.goto(`${url}?a=b`)
  expect([response?.status(), await page.title()]).toEqual([401, ''])
  await page.close()
})

it.for([
  // What the browser takes for another site sends no cookie; a page beside the backend does.
  ['on another site', () => '127.0.0.1', 4401],
  ['on the same name, at another port', (host: string) => host, 4403],
] as const)(
  'lets a page %s neither read the backend nor open a socket',
  async ([, nameOf, code]) => {
    const { url, token } = await guardedBackend()
    const page = await browser.newPage()
    await page.goto(`${url}_plane_auth?token=${token}`)
    await greeted(page)
    const { port } = elsewhere.address() as AddressInfo
    await page.goto(`http://${nameOf(new URL(url).hostname)}:${port}/`)
    expect(await page.title()).toBe('another page')
    expect(await page.evaluate(readWithCookie, `${url}who`)).toBe('TypeError')
    expect(await page.evaluate(closeCode, `${url.replace('http', 'ws')}socket`)).toBe(code)
    await page.close()
  },
)

it.for([
  [320, 'light'],
  [390, 'dark'],
  [1280, 'dark'],
] as const)('fits a screen of %i pixels, and is legible in %s', async ([width, colorScheme]) => {
  const viewport = { width, height: 800 }
  const demo = await openDemo(browser, server.origin, { viewport, colorScheme })
  await openBoard(demo, 'alice')
  expect(await demo.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
  const board = demo.page.frames().find((frame) => frame !== demo.page.mainFrame())
  const size = await board?.evaluate(() => [document.body.scrollWidth, innerWidth])
  expect(size?.[0]).toBe(size?.[1])
  expect(await contrastFailures(demo.page)).toEqual([])
  await demo.page.close()
})

it('shows a session with two people in it, as in docs/demo-session.png', async () => {
  const look = { viewport: { width: 1280, height: 880 }, deviceScaleFactor: 2 } as const
  const demo = await openDemo(browser, server.origin, { ...look, colorScheme: 'light' })
  await openBoard(demo, 'alice')
  await openBoard(demo, 'bob')
  const [alice, bob] = [boardOf(demo, 'alice'), boardOf(demo, 'bob')]
  for (const board of [alice, bob]) await board.getByRole('button', { name: 'Clear mine' }).click()
  await draw(demo.page, bob, 'Bob', ROOF)
  for (const line of [...COLUMNS, STEP]) await draw(demo.page, alice, 'Alice', line)
  await moveTo(demo.page, alice, [0.68, 0.88])
  await pin(alice, 'Nice roof, Bob!')
  await bob.getByRole('listitem').filter({ hasText: 'Nice roof' }).waitFor()
  await moveTo(demo.page, bob, [0.5, 0.16])
  await alice.locator('#cursors').getByText('Bob').waitFor()
  const path = 'docs/demo-session.png'
  if (keepsScreenshots) await demo.whiteboard.screenshot({ path, animations: 'disabled' })
  await demo.page.close()
})

/** A process that only those with its bearer token may reach. */
async function guardedBackend(): Promise<{ readonly url: string; readonly token: string }> {
  const path = '/v1/user/demo/service/whiteboard/spawn'
  const response = await control(path, { require_bearer_token: true })
  const spawned = (await response.json()) as { url: string; bearer_token: string }
  return { url: spawned.url, token: spawned.bearer_token }
}

async function control(path: string, body: object = {}): Promise<Response> {
  const headers = {
    authorization: `Bearer ${development.CONTROL_KEY}`,
    'content-type': 'application/json',
  }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(server.origin + path, init)
  expect(response.status).toBe(200)
  return response
}

/** The board says so to whoever has a WebSocket to it. */
function greeted(page: Page): Promise<void> {
  return page.getByRole('status').filter({ hasText: 'You are' }).waitFor()
}

/** Runs inside a page. */
async function readWithCookie(url: string): Promise<string> {
  try {
    const response = await fetch(url, { credentials: 'include' })
    return `read ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.name : 'thrown'
  }
}

/** Runs inside a page. */
function closeCode(url: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    socket.addEventListener('close', ({ code }) => resolve(code))
    socket.addEventListener('message', () => resolve(0))
  })
}
