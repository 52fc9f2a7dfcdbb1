#!/usr/bin/env node
import { runCli } from './run-cli.ts'
import { addWorkerGlobals } from './worker-globals.ts'

addWorkerGlobals()

for (const stream of [process.stdout, process.stderr]) {
  // Who reads the output may have seen enough: `portico ls | head`.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

// Set, not called: what was written to a pipe may still be under way.
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  now: Date.now,
  interruption() {
    const controller = new AbortController()
    process.once('SIGINT', () => controller.abort())
    return controller.signal
  },
})
