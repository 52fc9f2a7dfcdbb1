import { expect, it } from 'vitest'
import type { StatusEntry } from '../../src/store/backend-status.ts'
import { StatusWatchers } from '../../src/store/status-watchers.ts'

const SCHEDULED: StatusEntry = { status: 'scheduled', time: 1 }
const LOADING: StatusEntry = { status: 'loading', time: 2 }

function readerOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  return async () => (await reader.read()).value
}

it('keeps a thousand streams, and closes the oldest for the next', async () => {
  const watchers = new StatusWatchers()
  const next = Array.from({ length: 1002 }, () => readerOf(watchers.stream([SCHEDULED], false)))
  watchers.tell(LOADING)
  const told: (string | undefined)[] = []
  for (const read of next) {
    expect(await read()).toBe(`${JSON.stringify(SCHEDULED)}\n`)
    told.push(await read())
  }
  const loading = `${JSON.stringify(LOADING)}\n`
  expect(told.slice(0, 2)).toEqual([undefined, undefined])
  expect(new Set(told.slice(2))).toEqual(new Set([loading]))
})

it('has room again for each stream that was left', async () => {
  const watchers = new StatusWatchers()
  const first = readerOf(watchers.stream([], false))
  for (let visits = 0; visits < 1001; visits++) await watchers.stream([], false).cancel()
  watchers.tell(LOADING)
  expect(await first()).toBe(`${JSON.stringify(LOADING)}\n`)
})
