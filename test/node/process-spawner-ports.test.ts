import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeRecord } from '../../src/process-spawner/backend-record.ts'
import type { Sent } from '../../src/process-spawner/gate-client.ts'
import { createPorts, type Ports, type TakenPort } from '../../src/process-spawner/ports.ts'
import { createSpawner } from '../../src/process-spawner/spawner.ts'
import { openStateFolder } from '../../src/process-spawner/state-folder.ts'

/** How long an isolate of a gate may remember whom it let in, at most. */
const REMEMBERED_MS = 60_000
const START = Date.now()
const HOUR_MS = 3600 * 1000
const IN_A_WHILE = START + HOUR_MS

let now: number
const directory = process.cwd()
let folder: string
beforeEach(async () => {
  now = START
  folder = await mkdtemp(join(tmpdir(), 'portico-ports-'))
  openStateFolder(folder)
})
afterEach(async () => {
  process.chdir(directory)
  await rm(folder, { recursive: true, force: true })
})

it.for<[when: string, afterMs: number, given: number]>([
  ['at once', 0, 2],
  ['while a gate may remember it', REMEMBERED_MS, 2],
  ['with what is on its way', REMEMBERED_MS + 1000, 2],
  ['ten seconds later', REMEMBERED_MS + 10_000, 1],
])(
  'gives nobody the port of a backend that ended while a gate may send there: %s',
  async ([, afterMs, given]) => {
    const ports = createPorts(() => now, systemWith(1, 2))
    expect(await ports.pick()).toBe(1)
    ports.release(1, START)
    now += afterMs
    expect(await ports.pick()).toBe(given)
  },
)

it('gives nobody the port of a backend that runs, however long that is', async () => {
  const ports = createPorts(() => now, systemWith(1, 2, 3))
  ports.hold(1)
  expect(await ports.pick()).toBe(2)
  now = IN_A_WHILE
  expect(await ports.pick()).toBe(3)
})

it('fails where every port is held or rests, and gives none early', async () => {
  const ports = createPorts(() => now, systemWith(1, 2))
  ports.hold(1)
  ports.release(2, START)
  await expect(ports.pick()).rejects.toThrow('none is free')
  await expect(ports.pick()).rejects.toThrow('none is free')
  now = IN_A_WHILE
  expect(await ports.pick()).toBe(2)
})

it('gives several at once different ports, none of which it keeps taken', async () => {
  const ports = createPorts(() => now)
  const picked = await Promise.all([ports.pick(), ports.pick(), ports.pick()])
  expect(new Set(picked).size).toBe(3)
  for (const port of picked) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  }
})

it('lets a port rest from when the gate knows of the end, not from the end', async () => {
  const gate = Promise.withResolvers<Sent>()
  const processEnded = Promise.withResolvers<void>()
  const released = Promise.withResolvers<number>()
  const ports = createPorts(() => now, systemWith(1, 2, 3, 4))
  writeRecord({ backendId: 'b-1', port: 1, readyPath: '/', startBefore: START, isReady: true })
  start(
    {
      ...ports,
      release(port, endedAt) {
        ports.release(port, endedAt)
        released.resolve(endedAt)
      },
    },
    gate.promise,
    processEnded.resolve,
  )
  await processEnded.promise
  now = IN_A_WHILE
  expect(await ports.pick()).toBe(2)
  gate.resolve({ ok: true, answer: { wanted: 'nothing', report_in_ms: 0 } })
  now = (await released.promise) + REMEMBERED_MS
  expect(await ports.pick()).toBe(3)
  now = IN_A_WHILE
  expect(await ports.pick()).toBe(1)
})

it('lets a port rest over a restart of the spawner, whoever had it before', async () => {
  const earlier = { readyPath: '/', startBefore: START, isReady: true }
  for (const backendId of ['a', 'z']) {
    const endedAt = START - HOUR_MS / 2
    writeRecord({ ...earlier, backendId: `${backendId}-1`, port: 1, endedAt })
    writeRecord({ ...earlier, backendId: `${backendId}-2`, port: 2, endedAt })
  }
  writeRecord({ ...earlier, backendId: 'ended', port: 1, endedAt: START })
  writeRecord({ ...earlier, backendId: 'running', port: 2 })
  const ports = createPorts(() => now, systemWith(1, 2, 3, 4))
  start(ports, Promise.withResolvers<Sent>().promise)
  now += REMEMBERED_MS
  expect(await ports.pick()).toBe(3)
  now = IN_A_WHILE
  expect(await ports.pick()).toBe(1)
  expect(await ports.pick()).toBe(4)
})

/** A system with few ports: it gives the first that nobody has taken. */
function systemWith(...all: readonly number[]): () => Promise<TakenPort> {
  const taken = new Set<number>()
  let asked = 0
  return async () => {
    if (++asked > 50) throw new Error('it is asked without end')
    const port = all.find((one) => !taken.has(one))
    if (port === undefined) throw new Error('none is free')
    taken.add(port)
    return { port, close: async () => void taken.delete(port) }
  }
}

/** Takes up what the records say, none of which has a guard; the gate answers each report the same. */
function start(ports: Ports, answer: Promise<Sent>, log: () => void = () => undefined): void {
  createSpawner({
    ...{ catalogue: new Map(), ports, log, sendReport: () => answer },
    ...{ maxBackends: 9, orphanLimitMs: 1000, unreachableLimitMs: 1000 },
  })
}
