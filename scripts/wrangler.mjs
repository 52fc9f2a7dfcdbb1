// `node scripts/wrangler.mjs <arguments of wrangler>`
import { runWrangler } from './run-wrangler.mjs'

runWrangler(process.argv.slice(2))
