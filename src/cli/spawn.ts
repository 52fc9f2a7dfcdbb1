import type { Command } from 'commander'
import { durationSeconds, gathered, pairOf, wholeNumber } from './arguments.ts'
import { fields } from './columns.ts'
import { gateCommand, gateFailure, gateOf, type GateOptions } from './gate-command.ts'
import { misuse, type Shell } from './shell.ts'

interface Options extends GateOptions {
  readonly requestBearerToken?: true
  readonly env?: readonly string[]
  readonly grace?: number
  readonly lock?: string
  readonly port?: number
  readonly tag?: string
}

export function addSpawn(program: Command, shell: Shell): void {
  const command = program
    .command('spawn')
    .description('start a backend of a service, or take the one that holds the lock')
    .argument('<account/service>', 'a service that the gate is configured with')
    .option('-r, --request-bearer-token', 'let in only who shows the token that is printed')
    .option('-e, --env <NAME=value>', 'set for the backend; NAME alone takes your own', gathered)
    .option('-g, --grace <seconds>', 'end it when unused for this time: 90, 15m', durationSeconds)
    .option('-l, --lock <name>', 'whose backend to take, where there is one')
    .option('-p, --port <port>', 'on which the service listens', wholeNumber)
    .option('-t, --tag <tag>', 'which image of the service')
  gateCommand(command, 'portico spawn acme/notes -r -g 15m').action(spawn)

  async function spawn(service: string, options: Options): Promise<void> {
    const { json, requestBearerToken, grace, lock, port, tag } = options
    const env: Record<string, string> = {}
    for (const [name, given] of (options.env ?? []).map(pairOf)) {
      const value = given ?? shell.env[name]
      if (name === '' || value === undefined) {
        const reason = name === '' ? 'expected NAME=value' : `${name} is not set here`
        return shell.fail(misuse(`--env: ${reason}`), json)
      }
      env[name] = value
    }
    const portico = gateOf(shell, options)
    if (portico === undefined) return
    const spawned = await portico.spawn(service, {
      require_bearer_token: requestBearerToken === true,
      ...(grace !== undefined && { grace_period_seconds: grace }),
      ...(lock !== undefined && { lock }),
      ...(port !== undefined && { port }),
      ...(tag !== undefined && { tag }),
      ...(options.env !== undefined && { env }),
    })
    if (!spawned.ok) return shell.fail(gateFailure(spawned.error), json)
    if (json === true) return shell.document(spawned.value)
    const { name, url, status, spawned: isNew, bearer_token } = spawned.value
    const lines = fields([
      ['backend', isNew ? name : `${name} (it was there)`],
      ['status', status],
      ['url', url],
      ['bearer token', bearer_token],
      ['for a browser', bearer_token === undefined ? undefined : browserUrl(url, bearer_token)],
    ])
    shell.tell(lines)
  }
}

/** Sets the cookie with which a browser gets in. */
function browserUrl(url: string, token: string): string {
  return `${url}_plane_auth?token=${encodeURIComponent(token)}`
}
