import type { Command } from 'commander'
import type { Portico, Status } from '../server.ts'
import { fields } from './columns.ts'
import { gateCommand, gateFailure, gateOf, type GateOptions } from './gate-command.ts'
import type { Shell } from './shell.ts'
import { span } from './times.ts'

interface Options extends GateOptions {
  readonly follow?: true
}

export function addStatus(program: Command, shell: Shell): void {
  const command = program
    .command('status')
    .description('show the status of a backend')
    .argument('<backend>', 'id of the backend')
    .option(
      '-f, --follow',
      'show each status from the first, and those to come, until it has ended',
    )
  gateCommand(
    command,
    'portico status k3x0v9d2m1q8aa',
    'portico status k3x0v9d2m1q8aa --follow --json',
  ).action(status)

  async function status(backendId: string, options: Options): Promise<void> {
    const { json, follow: isFollowing } = options
    const portico = gateOf(shell, options)
    if (portico === undefined) return
    if (isFollowing === true) return follow(portico, backendId, json)
    const answer = await portico.status(backendId)
    if (!answer.ok) return shell.fail(gateFailure(answer.error), json)
    if (json === true) return shell.document(answer.value)
    shell.tell(
      fields([
        ['status', answer.value.status],
        ['since', `${timeOf(answer.value)} (${span(shell.now() - answer.value.time)})`],
        ['reason', answer.value.termination_reason],
        ['asked to end', answer.value.termination_kind],
        ['process', processOf(answer.value)],
      ]),
    )
  }

  async function follow(portico: Portico, backendId: string, json: boolean | undefined) {
    const signal = shell.interruption()
    for await (const answer of portico.statusStream(backendId, { signal })) {
      if (!answer.ok) return shell.fail(gateFailure(answer.error), json)
      if (json === true) shell.document(answer.value)
      else shell.tell([lineOf(answer.value)])
    }
  }
}

function lineOf(status: Status): string {
  const { termination_reason, termination_kind } = status
  const more = [termination_reason, termination_kind, processOf(status)].filter(Boolean)
  return [timeOf(status), status.status, ...(more.length > 0 ? [`(${more.join(', ')})`] : [])].join(
    '  ',
  )
}

/** One that was ended for a reason has not ended well, whatever its process said. */
function processOf({ exit_error, termination_reason }: Status): string | undefined {
  if (exit_error === true) return 'it failed'
  return exit_error === false && termination_reason === undefined ? 'it ended well' : undefined
}

function timeOf({ time }: Status): string {
  return new Date(time).toISOString()
}
