import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'

/** Writes a file that is there as a whole or not at all, also after a power cut. */
export function writeJson(path: string, value: unknown): void {
  renameSync(writeAside(path, value), path)
  sync(dirname(path))
}

/** The same for a file that must not be there yet: of several who try, one is told `true`. */
export function createJson(path: string, value: unknown): boolean {
  const aside = writeAside(path, value)
  try {
    linkSync(aside, path)
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(aside)
  }
  sync(dirname(path))
  return true
}

/** What a file holds, or `undefined` where there is none. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function writeAside(path: string, value: unknown): string {
  const aside = `${path}.${process.pid}`
  const file = openSync(aside, 'w', 0o600)
  try {
    writeFileSync(file, JSON.stringify(value))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return aside
}

function sync(folder: string): void {
  const file = openSync(folder, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
