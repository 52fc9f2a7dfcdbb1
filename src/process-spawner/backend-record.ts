import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeJson, readJson } from './durable-file.ts'

const FOLDER = 'backends'
const RECORD = 'record.json'
/**
 * How long a backend is remembered after its end: a request to spawn it may be repeated, by the gate or by
 * who listened in, as long as its signature is young. Its log can be read for as long.
 */
const REMEMBERED_MS = 3600 * 1000

const record = z.object({
  backendId: z.string().regex(/^[a-z0-9-]{1,45}$/),
  /** `undefined` until one is picked, before anything is started. */
  port: z.int().optional(),
  readyPath: z.string().optional(),
  /** Milliseconds since the epoch. */
  startBefore: z.number(),
  /** Whether it was ready once. */
  isReady: z.boolean(),
  /** When the gate knew of its end; `undefined` until then. */
  endedAt: z.number().optional(),
})

/** What a later spawner needs to know of a backend. It holds no secret and nothing of its environment. */
export type BackendRecord = Readonly<z.output<typeof record>>

/** The folder of a backend, from the state folder. */
export function folderOf(backendId: string): string {
  return join(FOLDER, backendId)
}

export function isRemembered(backendId: string): boolean {
  return existsSync(join(folderOf(backendId), RECORD))
}

/** It is on the disk when this returns. */
export function writeRecord(backend: BackendRecord): void {
  mkdirSync(folderOf(backend.backendId), { recursive: true, mode: 0o700 })
  writeJson(join(folderOf(backend.backendId), RECORD), backend)
}

/** The backends of earlier spawners, ended ones too. */
export function readRecords(): BackendRecord[] {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  return readdirSync(FOLDER).flatMap((backendId) => {
    const { data } = record.safeParse(readJson(join(folderOf(backendId), RECORD)))
    // A folder without a record: whoever made it died before anything was started.
    if (data === undefined) remove(backendId)
    return data === undefined ? [] : [data]
  })
}

/** Removes what is left of a backend when it need not be remembered any more. */
export function forgetLater(backendId: string, endedAt: number): void {
  setTimeout(() => remove(backendId), endedAt + REMEMBERED_MS - Date.now()).unref()
}

function remove(backendId: string): void {
  rmSync(folderOf(backendId), { recursive: true, force: true })
}
