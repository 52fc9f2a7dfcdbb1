import { openSync, writeSync } from 'node:fs'

/** Writes to a new file what it is called with, up to a bound, and drops the rest. */
export function boundedLog(path: string, maxBytes: number): (chunk: Buffer) => void {
  const file = openSync(path, 'w', 0o600)
  let restBytes = maxBytes
  return (chunk) => {
    if (restBytes === 0) return
    const part = chunk.subarray(0, restBytes)
    restBytes -= part.length
    try {
      writeSync(file, part)
    } catch {
      // A full disk is no reason to stop a backend, nor to let it wait for its output to be taken.
      restBytes = 0
    }
  }
}
