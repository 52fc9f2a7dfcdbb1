// The reference spawner: runs session backends as processes of this machine. See docs/process-spawner.md.
import { resolve } from 'node:path'
import process from 'node:process'
import { Command, InvalidArgumentError } from 'commander'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { readCatalogue } from './catalogue.ts'
import { createGateClient } from './gate-client.ts'
import { createPorts } from './ports.ts'
import { serveSpawner } from './spawner-server.ts'
import { createSpawner } from './spawner.ts'
import { openStateFolder } from './state-folder.ts'
import { createWebhooks } from './webhooks.ts'

const PARENT_CHECK_MS = 500

interface Options {
  readonly catalogue: string
  readonly gate: string
  readonly state: string
  readonly host: string
  readonly port: number
  readonly maxBackends: number
  readonly orphanSeconds: number
  readonly unreachableSeconds: number
  readonly leaveRunning?: true
  readonly withParent?: true
}

const program = new Command('spawner')
  .description('Runs the session backends of a Portico gate as processes of this machine.')
  .requiredOption('--catalogue <file>', 'JSON file that names what may run')
  .requiredOption('--gate <url>', 'where the gate is', url)
  .requiredOption('--state <dir>', 'folder for what is running, private to this user')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option(
    '--port <n>',
    'port to listen on; 0: a free one, which is printed',
    wholeNumber(0, 65_535),
    0,
  )
  .option('--max-backends <n>', 'how many may run at once', wholeNumber(1, 100_000), 100)
  .option('--orphan-seconds <n>', 'how long backends may run without a spawner', seconds, 30)
  .option('--unreachable-seconds <n>', 'how long they may run without the gate', seconds, 55)
  .option('--leave-running', 'when told to stop, leave the backends to the next spawner')
  .option('--with-parent', 'stop when the process that started this one has gone')
  .addHelpText(
    'after',
    `
The secret that the gate and this spawner sign with is taken from the environment: SPAWNER_SECRET.

Example:
  $ export SPAWNER_SECRET="whsec_$(head -c 32 /dev/urandom | base64)"
  $ npm run spawner -- --catalogue catalogue.json --gate http://localhost:8787 --state .spawner --port 8788
`,
  )
  .action(async (options: Options) => {
    try {
      await run(options)
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      program.error(`spawner: ${error.message}`)
    }
  })
await program.parseAsync()

async function run(options: Options): Promise<void> {
  const webhooks = createWebhooks(process.env['SPAWNER_SECRET'])
  const catalogue = readCatalogue(resolve(options.catalogue))
  openStateFolder(resolve(options.state))
  const spawner = createSpawner({
    catalogue,
    sendReport: createGateClient(options.gate, webhooks),
    ports: createPorts(Date.now),
    maxBackends: options.maxBackends,
    orphanLimitMs: options.orphanSeconds * 1000,
    unreachableLimitMs: options.unreachableSeconds * 1000,
    log: print,
  })
  const { host } = options
  const server = await serveSpawner(host, options.port, webhooks, spawner.answer)
  print(`listens on http://${host.includes(':') ? `[${host}]` : host}:${server.port}`)

  let isStopping = false
  function stop(): void {
    server.close()
    if (options.leaveRunning) process.exit(0)
    // Asked again, it does not wait for those that take their time.
    void spawner
      .endAll({ kind: isStopping ? 'hard' : 'soft', reason: 'external' })
      .then(() => process.exit(0))
    isStopping = true
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  if (options.withParent) stopWithParent(stop)
}

/** npm passes a signal to the shell in between, which dies of it without passing it on. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, PARENT_CHECK_MS)
}

// Whoever read it may be gone (`| head`); the backends still need their spawner.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

function print(line: string): void {
  console.log(`spawner: ${line}`)
}

function url(text: string): string {
  const parsed = URL.parse(text)
  if (parsed && /^https?:$/.test(parsed.protocol) && !parsed.search && !parsed.hash) return text
  throw new InvalidArgumentError('Expected a URL such as http://localhost:8787.')
}

function seconds(text: string): number {
  const number = Number(text)
  if (text !== '' && number > 0 && number <= 3600) return number
  throw new InvalidArgumentError('Expected a number of seconds, at most 3600.')
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}
