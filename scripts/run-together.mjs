import { once } from 'node:events'
import process from 'node:process'

const PARENT_CHECK_MS = 500

/**
 * Runs programs in this process's place. When it is told to stop, or one of them ends, all do: each is
 * told after the one before it has ended.
 *
 * @param {readonly { name: string, child: import('node:child_process').ChildProcess }[]} programs
 * @returns what ended first, where nobody told it to: its name and its exit code
 */
export async function runTogether(programs) {
  const end = Promise.withResolvers()
  let signal = 'SIGTERM'
  let isTold = false
  function stop(given) {
    // Told again, nobody is waited for.
    if (isTold) for (const { child } of programs) child.kill(given)
    isTold = true
    signal = given
    end.resolve()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, stop)
  // npm passes a signal to the shell in between, which dies of it without passing it on.
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && stop('SIGTERM'), PARENT_CHECK_MS).unref()
  for (const { name, child } of programs) {
    child.once('exit', (code) => end.resolve({ name, code: code ?? 1 }))
  }

  const first = await end.promise
  for (const { child } of programs) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return isTold ? undefined : first
}
