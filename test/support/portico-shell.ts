import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gatherLog, type ProcessLog } from './process-log.ts'

interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running extends ProcessLog {
  /** Ctrl+C: to every process of the pipeline. */
  readonly interrupt: () => void
  readonly finished: Promise<Finished>
}

/** A shell in a folder of its own, in which `portico` is a command. */
export interface PorticoShell {
  readonly folder: string
  /** Runs a line to its end. */
  readonly run: (line: string, env?: Environment, input?: string) => Promise<Finished>
  readonly start: (line: string, env?: Environment) => Running
  readonly remove: () => Promise<void>
}

type Environment = Readonly<Record<string, string>>

/**
 * @param env for every line; nothing else of this process's environment but the path is there
 * @param program what `portico` runs, by default the one of the source tree in this Node
 */
export async function porticoShell(
  env: Environment = {},
  program: readonly string[] = [process.execPath, resolve('src/cli/main.ts')],
): Promise<PorticoShell> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-shell-'))
  const command = program.map((part) => `'${part}'`).join(' ')
  await writeFile(join(folder, 'portico'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  const path = { PATH: `${folder}:${process.env['PATH']}` }

  const begin = (line: string, more: Environment = {}): ChildProcess =>
    spawn('bash', ['--norc', '-o', 'pipefail', '-ec', line], {
      cwd: folder,
      env: { ...path, ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
  return {
    folder,
    run(line, more, input = '') {
      const child = begin(line, more)
      // Who needs no input may have ended before it arrives.
      child.stdin?.on('error', () => undefined).end(input)
      return finish(child)
    },
    start(line, more) {
      const child = begin(line, more)
      child.stdin?.end()
      return {
        ...gatherLog(child),
        // The process is the first of a group, and has an id since it was started.
        interrupt: () => process.kill(-Number(child.pid), 'SIGINT'),
        finished: finish(child),
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function finish(child: ChildProcess): Promise<Finished> {
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
  await once(child, 'close')
  return { code: child.exitCode, stdout: stdout(), stderr: stderr() }
}

/** Gathers what comes; decoded at the end, since a character may come in two pieces. */
function textOf(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}
