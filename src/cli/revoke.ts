import type { Command } from 'commander'
import type { RevokeRequest } from '../server.ts'
import { gateCommand, gateFailure, gateOf, type GateOptions } from './gate-command.ts'
import { misuse, type Shell } from './shell.ts'

interface Options extends GateOptions {
  readonly tokenId?: string
  readonly backend?: string
  readonly key?: string
  readonly namespace?: string
  readonly user?: string
}

export function addRevoke(program: Command, shell: Shell): void {
  const command = program
    .command('revoke')
    .description('revoke tokens: one, those of a user, or all of a backend')
    .option('--token-id <id>', 'one token')
    .option('--backend <id>', 'the tokens of this backend')
    .option('--key <name>', 'the tokens of the backend that holds this key')
    .option('--namespace <name>', 'of the key')
    .option('--user <name>', 'only those of this user')
  gateCommand(command, 'portico revoke --key doc-1 --user alice').action(revoke)

  async function revoke(options: Options): Promise<void> {
    const { json } = options
    const request = requestOf(options)
    if (typeof request === 'string') return shell.fail(misuse(request), json)
    const portico = gateOf(shell, options)
    if (portico === undefined) return
    const revoked = await portico.revoke(request)
    if (!revoked.ok) return shell.fail(gateFailure(revoked.error), json)
    if (json === true) return shell.document(revoked.value)
    const { tokens_revoked: count, within_seconds: seconds } = revoked.value
    const delay = seconds === 0 ? '' : ` They may still get in for ${seconds} s.`
    shell.tell([`${count} ${count === 1 ? 'token was' : 'tokens were'} revoked.${delay}`])
  }
}

/** @returns text that says what is wrong with the options */
function requestOf({ tokenId, backend, key, namespace, user }: Options): RevokeRequest | string {
  const selectors = [tokenId, backend, key].filter((selector) => selector !== undefined)
  if (selectors.length !== 1) return 'give one of --token-id, --backend and --key'
  if (namespace !== undefined && key === undefined) return '--namespace belongs to a --key'
  if (tokenId !== undefined) {
    return user === undefined ? { token_id: tokenId } : '--user: a token id names one token already'
  }
  const ofUser = user === undefined ? {} : { user }
  return backend === undefined
    ? { key: { name: key ?? '', ...(namespace !== undefined && { namespace }) }, ...ofUser }
    : { backend_id: backend, ...ofUser }
}
