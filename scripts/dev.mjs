// `npm start [-- <arguments of wrangler dev>]`: serves Portico here, with keys that protect nothing.
import { runWrangler } from './run-wrangler.mjs'

const given = process.argv.slice(2)
const has = (option) => given.some((arg) => arg === option || arg.startsWith(`${option}=`))
const port = has('--port') ? [] : ['--port', '8787']
const settings = has('--env-file') ? [] : ['--env-file', 'development.env']

runWrangler(['dev', ...port, ...settings, ...given], (servedPort) => {
  const keys = settings.length > 0 ? 'development keys, for this machine only' : 'your settings'
  console.log(`
  Portico, with ${keys}.
  Open http://localhost:${servedPort} (Ctrl+C stops it).
`)
})
