import type { Command } from 'commander'
import { gateCommand, gateFailure, gateOf, type GateOptions } from './gate-command.ts'
import type { Shell } from './shell.ts'

interface Options extends GateOptions {
  readonly hard?: true
}

export function addTerminate(program: Command, shell: Shell): void {
  const command = program
    .command('terminate')
    .description('end a backend, which may first finish what it does')
    .argument('<backend>', 'id of the backend')
    .option('--hard', 'end it at once')
  gateCommand(command, 'portico terminate k3x0v9d2m1q8aa').action(terminate)

  async function terminate(backendId: string, options: Options): Promise<void> {
    const { json, hard } = options
    const portico = gateOf(shell, options)
    if (portico === undefined) return
    const kind = hard === true ? 'hard' : 'soft'
    const answer = await portico.terminate(backendId, kind)
    if (!answer.ok) return shell.fail(gateFailure(answer.error), json)
    if (json === true) return shell.document({ backend_id: backendId, kind })
    shell.tell([`${backendId} ${hard === true ? 'ends at once' : 'was asked to end'}.`])
  }
}
