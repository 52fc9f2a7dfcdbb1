import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { patternOf, type SeenWithBody } from '../support/backend/answers.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

const MIB = 1024 * 1024

let gate: BackendGate
let restingBytes: number
beforeAll(async () => {
  gate = await serveBackendGate('test/fixtures/backend-hooks.ts')
  // What the process needs anyway for its first megabytes does not count.
  await upload('looks-only', 4 * MIB)
  await download(4 * MIB)
  if (hasProc) restingBytes = peakBytes()
})
afterAll(() => gate.stop())

/** Memory is read where Linux tells it; elsewhere the streams are still compared. */
const hasProc = existsSync('/proc/self/clear_refs')

it('streams 100 MiB down in flat memory', { timeout: 120_000 }, async () => {
  watchMemory()
  expect(await download(100 * MIB)).toBe(digestOf(100 * MIB))
  expectGrowthBelow(48 * MIB)
})

it.for(['looks-only', 'sets-headers', 'changes-the-path', 'passes-the-body-on'])(
  'streams 100 MiB up in flat memory behind the hook %s',
  { timeout: 120_000 },
  async (hook) => {
    watchMemory()
    const seen = await upload(hook, 100 * MIB)
    expect(seen).toMatchObject({ bytes: 100 * MIB, sha256: digestOf(100 * MIB) })
    expectGrowthBelow(48 * MIB)
  },
)

// These bodies pass through JavaScript, whose garbage takes some 130 MiB, however long the body is.
it.for(['makes-headers', 'reads-the-beginning'])(
  'streams 224 MiB up behind the hook %s and keeps none of it',
  { timeout: 120_000 },
  async (hook) => {
    watchMemory()
    const seen = await upload(hook, 224 * MIB)
    expect(seen).toMatchObject({ bytes: 224 * MIB, sha256: digestOf(224 * MIB) })
    expectGrowthBelow(192 * MIB)
  },
)

it('hands 10 MiB that a hook has read to the backend whole', async () => {
  const seen = await upload('reads-text', 10 * MIB)
  expect(seen).toMatchObject({ bytes: 10 * MIB, sha256: digestOf(10 * MIB) })
})

async function upload(hook: string, bytes: number): Promise<SeenWithBody> {
  const url = `${gate.worker.origin}/backends/${hook}/old`
  const body = Readable.toWeb(Readable.from(patternOf(bytes)))
  const init = { method: 'POST', body, duplex: 'half' }
  const response = await fetch(url, init as RequestInit)
  expect(response.status).toBe(200)
  return (await response.json()) as SeenWithBody
}

async function download(bytes: number): Promise<string> {
  const path = `/backends/looks-only/download?bytes=${bytes}`
  const response = await fetch(gate.worker.origin + path)
  const hash = createHash('sha256')
  for await (const chunk of response.body ?? []) hash.update(chunk)
  return hash.digest('hex')
}

function digestOf(bytes: number): string {
  const hash = createHash('sha256')
  for (const chunk of patternOf(bytes)) hash.update(chunk)
  return hash.digest('hex')
}

/** Sets the peak to what workerd takes now. */
function watchMemory(): void {
  if (hasProc) writeFileSync(`/proc/${gate.worker.pid}/clear_refs`, '5')
}

function expectGrowthBelow(bytes: number): void {
  if (hasProc) expect(peakBytes() - restingBytes).toBeLessThan(bytes)
  else console.warn('no /proc: the memory was not measured')
}

function peakBytes(): number {
  const status = readFileSync(`/proc/${gate.worker.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
