import type { Command } from 'commander'
import { isLoopback } from '../route/loopback.ts'
import { createPortico, ConfigurationError, type Portico, type PorticoError } from '../server.ts'
import type { PorticoErrorKind } from '../control-client/answer.ts'
import { misuse, type Failure, type Shell } from './shell.ts'

export interface GateOptions {
  readonly url?: string
  readonly json?: boolean
}

const DEFAULT_URL = 'http://localhost:8787'
/** Everyone can read it in `development.env`; the gate takes it on loopback names only. */
const DEVELOPMENT_CONTROL_KEY = 'portico-development-control-key-never-deploy-this'

/** Adds what every command has that asks the gate. */
export function gateCommand(command: Command, ...examples: readonly string[]): Command {
  return jsonCommand(
    command.option('--url <url>', `where the gate is (default: PORTICO_URL, or ${DEFAULT_URL})`),
    ...examples,
  )
}

/** Adds what every command has. */
export function jsonCommand(command: Command, ...examples: readonly string[]): Command {
  const lines = examples.map((example) => `  ${example}`).join('\n')
  return command
    .option('--json', 'print JSON for programs')
    .addHelpText('after', `\nExample:\n${lines}`)
}

/**
 * The gate that the environment and `--url` name. The key is taken from the environment alone: what
 * stands in a command line is shown to every user of the machine.
 *
 * @returns `undefined` where the command has failed with the reason
 */
export function gateOf(shell: Shell, { url, json }: GateOptions): Portico | undefined {
  const { PORTICO_URL, PORTICO_KEY: key = '' } = shell.env
  const where = url ?? (PORTICO_URL || DEFAULT_URL)
  if (key === '') {
    shell.fail(
      misuse(
        'PORTICO_KEY is not set: a control key of the gate must stand there.',
        adviceFor(where),
      ),
      json,
    )
    return undefined
  }
  try {
    return createPortico({ url: where, key })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const message = error.message
      .replace(/^url: /, `${url === undefined ? 'PORTICO_URL' : '--url'}: `)
      .replace(/^key: /, 'PORTICO_KEY: ')
    shell.fail(misuse(message), json)
    return undefined
  }
}

function adviceFor(url: string): string {
  return URL.canParse(url) && isLoopback(new URL(url).hostname)
    ? `For the gate of npm start: export PORTICO_KEY=${DEVELOPMENT_CONTROL_KEY}`
    : 'Set it where others cannot read it, for example: read -rs PORTICO_KEY; export PORTICO_KEY'
}

export function gateFailure({ kind, message, ...details }: PorticoError): Failure {
  const { id, status } = details
  const said = status === undefined ? message : `${status} ${kind}: ${message}`
  return {
    exitCode: 1,
    message: id === undefined ? said : `${said} (id ${id})`,
    advice: NEXT_STEPS[kind],
    details: { kind, ...details },
  }
}

const NEXT_STEPS: Readonly<Record<PorticoErrorKind, string>> = {
  InvalidRequest: 'Change what the message names; --help shows an example.',
  Unauthorized: 'Check PORTICO_KEY: it is no control key of this gate.',
  Forbidden: 'Use a control key with a larger scope: connect, read or admin.',
  NotFound: 'Check the name; portico ls <namespace> shows the backends that are there.',
  KeyUnheldNoSpawnConfig: 'Say what to start, with --origin, --room or --spawn.',
  KeyHeld: 'Use the tag and the kind of token that the backend was started with, or another key.',
  FailedToAcquireKey: 'Try again.',
  KeyHeldUnhealthy: 'Try again when the backend has ended; portico ls shows it.',
  Other: 'Look the id up in the log of the gate.',
  StoreUnavailable: 'Try again in a few seconds.',
  SpawnerUnavailable: 'Check that the spawner runs, and try again.',
  Unreachable: 'Check that the gate runs, and --url or PORTICO_URL.',
  Timeout: 'It may have been done all the same; look before you try again.',
  UnexpectedAnswer: 'Check --url or PORTICO_URL: something else than the gate answers there.',
}
