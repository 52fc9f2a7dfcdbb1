import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { openRaw } from '../support/raw-socket.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate('test/fixtures/backend-hooks.ts')
})
afterAll(() => gate.stop())

const BODY = '{"name":"alice"}'
const BODY_BYTES = String(BODY.length)

interface Case {
  readonly hook: string
  /** What the backend gets in place of what the client sent. */
  readonly method?: string
  readonly url?: string
  readonly body?: string
  readonly header?: string
  readonly length?: string
}

it.for<Case>([
  { hook: 'looks-only' },
  { hook: 'sets-headers', header: 'set' },
  { hook: 'makes-headers', header: 'made' },
  { hook: 'makes-headers-of-a-clone', header: '16', length: 'unknown' },
  { hook: 'reads-text', header: '16' },
  { hook: 'reads-a-clone', header: 'alice' },
  { hook: 'reads-a-clone-in-the-background' },
  { hook: 'reads-the-beginning', header: '123' },
  { hook: 'writes-into-what-it-reads' },
  { hook: 'reads-its-copy', header: 'copied' },
  { hook: 'starts-to-read' },
  { hook: 'reads-on-when-it-has-returned' },
  { hook: 'changes-the-url', url: '/moved/a%2Fb?by=hook' },
  { hook: 'changes-the-path', url: '/new//x/a%2Fb?q=%20&z' },
  { hook: 'changes-the-method', method: 'PUT' },
  { hook: 'passes-the-body-on' },
  { hook: 'makes-a-body', body: 'made by the hook', length: '16' },
  { hook: 'transforms-the-body', body: BODY.toUpperCase(), length: 'unknown' },
  { hook: 'reads-and-makes-a-request', body: BODY.toUpperCase() },
  { hook: 'makes-a-request', method: 'GET', body: '', length: 'none' },
])('the backend gets what the hook $hook decided', async (expected) => {
  const path = `/backends/${expected.hook}/old/a%2Fb?q=%20&z`
  const response = await fetch(gate.worker.origin + path, { method: 'POST', body: BODY })
  expect(response.status).toBe(200)
  const seen = (await response.json()) as SeenWithBody
  const { method = 'POST', url = '/old/a%2Fb?q=%20&z', body = BODY } = expected
  expect(seen).toMatchObject({ method, url, body })
  expect(seen.cgi['HTTP_X_HOOK']).toBe(expected.header)
  const { length = BODY_BYTES } = expected
  const framing = seen.cgi['HTTP_TRANSFER_ENCODING'] === 'chunked' ? 'unknown' : 'none'
  expect(seen.cgi['HTTP_CONTENT_LENGTH'] ?? framing).toBe(length)
})

it.for([
  ['misstates the length', BODY, BODY],
  ['makes a body', BODY, 'made by the first hook'],
  ['makes a body', '', 'made by the first hook'],
] as const)(
  'the second hook reads the whole body when the first %s',
  async ([first, sent, body]) => {
    const init = { method: 'POST', body: sent, headers: { 'x-first-hook': first } }
    const response = await fetch(`${gate.worker.origin}/backends/reads-text/x`, init)
    const seen = (await response.json()) as SeenWithBody
    expect(seen.body).toBe(body)
    expect(seen.cgi['HTTP_X_HOOK']).toBe(String(body.length))
  },
)

it("hands a service binding's redirect to the client behind a hook that makes a request", async () => {
  const path = '/backends/service/redirect'
  const response = await fetch(gate.worker.origin + path, { redirect: 'manual' })
  expect(response.status).toBe(302)
})

it('leaves a hook the whole of a clone that it reads in the background', async () => {
  const path = '/backends/reads-a-clone-in-the-background/x'
  await fetch(gate.worker.origin + path, { method: 'POST', body: BODY })
  await gate.worker.logged(`in the background: ${BODY}`)
})

it('tells a hook that reads on when it has returned that it is too late', async () => {
  const path = '/backends/reads-on-when-it-has-returned/x'
  await fetch(gate.worker.origin + path, { method: 'POST', body: BODY })
  await gate.worker.logged('too late: TypeError')
})

it('keeps the other headers when the hook edits some', async () => {
  const headers = { 'x-wanted': 'yes', 'x-unwanted': 'yes' }
  const response = await fetch(`${gate.worker.origin}/backends/sets-headers/`, { headers })
  const { cgi } = (await response.json()) as SeenWithBody
  expect(cgi).toMatchObject({ HTTP_X_WANTED: 'yes', HTTP_X_HOOK: 'set' })
  expect(cgi).not.toHaveProperty('HTTP_X_UNWANTED')
})

it.for(['makes-a-request', 'makes-headers', 'changes-the-url', 'reads-text'])(
  'hands a redirect to the client behind the hook %s',
  async (hook) => {
    const query = `status=302&location=${encodeURIComponent(gate.backend.origin)}`
    const path = `/backends/${hook}/status?${query}`
    const response = await fetch(gate.worker.origin + path, { redirect: 'manual' })
    // `changes-the-url` leads to another path, where the backend only describes.
    expect(response.status).toBe(hook === 'changes-the-url' ? 200 : 302)
  },
)

it('refuses a request whose body the hook made and read itself', async () => {
  const path = '/backends/reads-the-body-it-made/x'
  const response = await fetch(gate.worker.origin + path, { method: 'POST', body: BODY })
  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ code: 'hook_failed' })
})

it('hands the answer of a hook to the client and asks no backend', async () => {
  const path = '/backends/answers/x'
  const response = await fetch(gate.worker.origin + path, { method: 'POST', body: BODY })
  expect(response.status).toBe(402)
  expect(await response.text()).toBe('from the hook')
})

it.for(['reads-text', 'makes-headers', 'looks-only'])(
  'hands a room the body behind the hook %s',
  async (hook) => {
    const path = `/parties/${hook}/room`
    const response = await fetch(gate.worker.origin + path, { method: 'POST', body: BODY })
    expect(await response.json()).toMatchObject({ method: 'POST', body: BODY })
  },
)

// The client's end alone looks to workerd like the end of a stream, and a backend must not take it so.
it.for([
  ['looks-only', 'Content-Length: 100'],
  ['looks-only', 'Transfer-Encoding: chunked'],
  ['reads-the-beginning', 'Content-Length: 100'],
  ['reads-the-beginning', 'Transfer-Encoding: chunked'],
  ['makes-headers', 'Content-Length: 100'],
  ['makes-headers', 'Transfer-Encoding: chunked'],
] as const)(
  'never ends an upload that the client broke off, behind the hook %s with %s',
  async ([hook, framing]) => {
    const lines = [`POST /backends/${hook}/receive HTTP/1.1`, 'Host: gate.example', framing]
    const body = framing.includes('chunked') ? '5\r\nhello\r\n' : 'hello'
    const client = openRaw(gate.worker.port, lines, body)
    await gate.backend.told('receiving')
    client.end()
    await gate.backend.told('broken off')
  },
)
