// `npm start [-- <arguments of wrangler dev>]`: serves Portico here, with keys that protect nothing, and
// beside it a spawner. With `--env-file` the settings are one's own, and the spawner too.
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { freePort } from './free-port.mjs'
import { runTogether } from './run-together.mjs'
import { canSpawn, startSpawner } from './start-spawner.mjs'
import { startWrangler } from './start-wrangler.mjs'

const given = process.argv.slice(2)
const { values, tokens } = parseArgs({
  args: given,
  strict: false,
  tokens: true,
  options: {
    port: { type: 'string', default: '8787' },
    'env-file': { type: 'string' },
    'persist-to': { type: 'string', default: '.wrangler' },
  },
})
// The spawner and the gate have to know it before they serve.
const port = values.port === '0' ? await freePort() : Number(values.port)
const isOwn = values['env-file'] !== undefined
const state = join(values['persist-to'], 'spawner', String(port))
const spawner = isOwn || !canSpawn ? undefined : await startSpawner(port, state)

const files = isOwn ? [] : ['development.env', ...(spawner ? [spawner.settingsFile] : [])]
const settings = files.flatMap((file) => ['--env-file', file])
const wrangler = startWrangler(
  ['dev', '--port', String(port), ...settings, ...withoutPort()],
  (servedPort) => {
    const keys = isOwn ? 'your settings' : 'development keys, for this machine only'
    const backends = spawner ? '\n  Session backends run as processes of this machine.' : ''
    console.log(`
  Portico, with ${keys}.${backends}
  Open http://localhost:${servedPort} (Ctrl+C stops it).
`)
  },
)

// The spawner is stopped first, since it tells the gate what becomes of its backends.
const ended = await runTogether([
  ...(spawner ? [{ name: 'the spawner', child: spawner.child }] : []),
  { name: 'wrangler', child: wrangler },
])
if (ended !== undefined) {
  const { name, code } = ended
  if (spawner) console.error(`\n  Stopped, because ${name} has ended (exit code ${code}).\n`)
  // A spawner that ends unasked has failed, whatever it says.
  process.exitCode = name === 'wrangler' ? code : code || 1
}

/** What was given for wrangler, which takes a port twice for no port. */
function withoutPort() {
  const named = tokens.filter(({ kind, name }) => kind === 'option' && name === 'port')
  const taken = named.flatMap(({ index, inlineValue }) => [index, inlineValue ? index : index + 1])
  return given.filter((_, index) => !new Set(taken).has(index))
}
