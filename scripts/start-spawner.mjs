import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { freePort } from './free-port.mjs'

const PROGRAM = 'src/process-spawner/main.ts'
const CATALOGUE = 'examples/whiteboard/catalogue.json'
/** What an application in Jamsocket's words would have configured. */
const SERVICES = {
  'demo/whiteboard': { executable: { image: 'whiteboard' }, max_idle_seconds: 60 },
}

/** The spawner runs on Linux and macOS, with a Node that takes TypeScript as it is. */
export const canSpawn = process.platform !== 'win32' && Boolean(process.features.typescript)

/**
 * Starts the spawner of this repository, with the whiteboard for whoever asks.
 *
 * @param {number} gatePort where the gate will serve
 * @param {string} state folder that outlives this run, so that the next one takes up what is left
 * @returns the process, and a file with the settings that lead the gate to it
 */
export async function startSpawner(gatePort, state) {
  const port = await freePort()
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const where = ['--port', port, '--gate', `http://localhost:${gatePort}`, '--state', state]
  const options = ['--catalogue', CATALOGUE, ...where, '--with-parent']
  const child = spawn(process.execPath, [PROGRAM, ...options.map(String)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SPAWNER_SECRET: secret },
    // A terminal's Ctrl+C would reach it twice, and twice means that it shall not let backends finish.
    detached: true,
  })
  const settings = {
    SPAWNER_URL: `http://127.0.0.1:${port}`,
    SPAWNER_SECRET: secret,
    BACKEND_DOMAIN: `localhost:${gatePort}`,
    JAMSOCKET_SERVICES: JSON.stringify(SERVICES),
  }
  return { child, settingsFile: writeSettings(settings) }
}

/** Not as arguments, which everyone on this machine can list. */
function writeSettings(settings) {
  const folder = mkdtempSync(join(tmpdir(), 'portico-start-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'spawner.env')
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600 })
  return file
}
