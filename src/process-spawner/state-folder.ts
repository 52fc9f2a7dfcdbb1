import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import process from 'node:process'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { createJson, readJson } from './durable-file.ts'
import { identityOf, isRunning, type ProcessIdentity } from './process-table.ts'

const LOCK = /^lock-(\d{1,15})$/

/**
 * Makes the folder the working directory, for this process alone. The lock needs no release: it is worth
 * as much as the process that it names.
 *
 * @throws ConfigurationError when it is somebody else's
 */
export function openStateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid } = lstatSync(folder)
  if (uid !== process.getuid?.()) {
    throw new ConfigurationError(`the state folder ${folder}: it is another user’s`)
  }
  // Who can open the socket of a guard can end its backend.
  chmodSync(folder, 0o700)
  process.chdir(folder)
  if (!takeLock()) {
    throw new ConfigurationError(`the state folder ${folder}: another spawner is using it`)
  }
}

/**
 * Locks are numbered and the last one counts, so that nobody ever has to remove one which somebody else
 * may have just taken.
 */
function takeLock(): boolean {
  for (;;) {
    const last = lastLock()
    if (last > 0 && isHeld(last)) return false
    const next = last + 1
    if (!createJson(`lock-${next}`, identityOf(process.pid))) continue
    if (lastLock() === next) {
      for (const number of locks()) if (number < next) rmSync(`lock-${number}`, { force: true })
      return true
    }
    // Others have come and gone since we looked.
    rmSync(`lock-${next}`, { force: true })
  }
}

function locks(): number[] {
  return readdirSync('.').flatMap((name) => {
    const [, number] = LOCK.exec(name) ?? []
    return number === undefined ? [] : [Number(number)]
  })
}

function lastLock(): number {
  return Math.max(0, ...locks())
}

function isHeld(number: number): boolean {
  const holder = readJson(`lock-${number}`) as ProcessIdentity | undefined
  return holder !== undefined && isRunning(holder)
}
