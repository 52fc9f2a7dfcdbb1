// A backend as a spawner starts them: MODE says how it behaves, and its paths what it does next.
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import process from 'node:process'

const { MODE, PORT, HOST } = process.env
let isReady = MODE !== 'unready'

/** A process of its own that would go on for ever. */
function startAnother(detached: boolean): number | undefined {
  const idle = 'setInterval(() => {}, 1000)'
  return spawn(process.execPath, ['-e', idle], { detached, stdio: 'inherit' }).pid
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const answers: Readonly<Record<string, () => unknown>> = {
    '/healthz': () => isReady,
    '/become-ready': () => (isReady = true),
    '/self': () => ({
      pid: process.pid,
      parent: process.ppid,
      directory: process.cwd(),
      arguments: process.argv.slice(2),
      environment: process.env,
    }),
    '/start-another': () => startAnother(false),
    '/start-stray': () => startAnother(true),
    '/print': () => {
      const line = `${searchParams.get('text')}\n`
      for (let left = Number(searchParams.get('times')); left > 0; left--)
        process.stdout.write(line)
    },
    '/exit': () => process.exit(Number(searchParams.get('code'))),
  }
  // Behind a static token, the token stays in front.
  const answer = answers[pathname.slice(pathname.lastIndexOf('/'))]?.()
  response.writeHead(answer === false ? 503 : 200, { connection: 'close' })
  response.end(JSON.stringify(answer ?? null))
})

if (MODE === 'stubborn') process.on('SIGTERM', () => console.log('no'))
if (MODE === 'polite') process.on('SIGTERM', () => process.exit(7))
if (MODE === 'fails') process.exit(3)
if (MODE === 'behind') startAnother(false)
server.listen(Number(PORT), HOST)
