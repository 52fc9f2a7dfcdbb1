// `node scripts/wrangler.mjs <arguments of wrangler>`
import process from 'node:process'
import { runTogether } from './run-together.mjs'
import { startWrangler } from './start-wrangler.mjs'

const child = startWrangler(process.argv.slice(2))
const ended = await runTogether([{ name: 'wrangler', child }])
// What was told to stop did not get done.
process.exitCode = ended?.code ?? 1
