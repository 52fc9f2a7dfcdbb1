import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release, type } from 'node:os'
import { workerd } from '../test/support/serve-worker.ts'

/** What the figures depend on beside the code. */
export function describeMachine(): string {
  return [
    `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores`,
    `${type()} ${release()}`,
    `Node ${process.version}`,
    execFileSync(workerd, ['--version'], { encoding: 'utf8' }).trim(),
    new Date().toISOString().slice(0, 10),
  ].join(' · ')
}
