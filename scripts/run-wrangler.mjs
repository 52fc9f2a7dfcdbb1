import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

// Nothing leaves this machine unasked: no telemetry, no look-up of newer versions (the banner does
// it), none of where this machine is (for `request.cf`). The environment can ask for them.
const QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
}

/**
 * Runs wrangler in this process's place: its terminal, its signals, its exit code.
 *
 * @param {string[]} args
 * @param {(port: number) => void} [onReady] called when `wrangler dev` serves
 */
export function runWrangler(args, onReady) {
  const wrangler = new URL('bin/wrangler.js', import.meta.resolve('wrangler/package.json'))
  const child = spawn(process.execPath, [fileURLToPath(wrangler), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...QUIET, ...process.env },
  })
  child.on('message', (message) => {
    const { event, port } = JSON.parse(message)
    if (event === 'DEV_SERVER_READY') onReady?.(port)
  })
  let isStopped = false
  function stop(signal) {
    isStopped = true
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  // npm passes a signal to the shell in between, which dies of it without passing it on.
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && stop('SIGTERM'), 500).unref()
  child.on('exit', (code) => {
    // A server that was told to stop did well; a build that was told to stop did not get done.
    const isServer = args[0] === 'dev'
    process.exit(isStopped ? Number(!isServer) : (code ?? 1))
  })
}
