import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface ProcessLog {
  /** Everything that the process printed so far. */
  readonly logs: () => string
  /**
   * Resolves once the process has printed this: what it prints arrives on another way than its
   * answers, now before them and now after.
   */
  readonly logged: (part: string) => Promise<void>
}

/** Gathers what a process prints on both its streams. */
export function gatherLog(child: ChildProcess): ProcessLog {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      child.emit('printed')
    })
  }
  child.once('close', () => child.emit('printed'))
  return {
    logs: () => text,
    async logged(part) {
      while (!text.includes(part)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`the process ended without printing ${part}:\n${text}`)
        }
        await once(child, 'printed')
      }
    },
  }
}
