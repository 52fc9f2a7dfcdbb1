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
 * @param {string[]} args
 * @param {(port: number) => void} [onReady] called when `wrangler dev` serves
 */
export function startWrangler(args, onReady) {
  const wrangler = new URL('bin/wrangler.js', import.meta.resolve('wrangler/package.json'))
  const child = spawn(process.execPath, [fileURLToPath(wrangler), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...QUIET, ...process.env },
  })
  child.on('message', (message) => {
    const { event, port } = JSON.parse(message)
    if (event === 'DEV_SERVER_READY') onReady?.(port)
  })
  return child
}
