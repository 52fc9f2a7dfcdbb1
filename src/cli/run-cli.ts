import { Command, CommanderError } from 'commander'
import { VERSION } from '../control/version.ts'
import { addConnect } from './connect.ts'
import { addList } from './ls.ts'
import { printable } from './printable.ts'
import { addRevoke } from './revoke.ts'
import { createShell, type ExitCode, type Shell, type Surroundings } from './shell.ts'
import { addSpawn } from './spawn.ts'
import { addStatus } from './status.ts'
import { addTerminate } from './terminate.ts'
import { addTokenCheck } from './token-check.ts'
import { addTokenMint } from './token-mint.ts'

/** Runs one command of `portico` to its end. */
export async function runCli(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const shell = createShell(surroundings)
  try {
    await portico(shell).parseAsync(args, { from: 'user' })
    return shell.exitCode()
  } catch (error) {
    // Commander has printed it.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    // What it says and where it was thrown may quote a secret.
    const name = error instanceof Error ? error.name : typeof error
    shell.fail(
      { exitCode: 1, message: `It failed in a way that nobody expected (${name}).` },
      false,
    )
    return 1
  }
}

function portico(shell: Shell): Command {
  const program = new Command('portico')
    .description(
      'Starts, shows and ends the backends behind a Portico gate; makes and checks tokens.',
    )
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: shell.writeOut,
      writeErr: shell.writeError,
      outputError: (text, write) => write(withoutValues(text)),
    })
    .showHelpAfterError('--help shows an example.')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
The gate is the one at PORTICO_URL, by default http://localhost:8787, and
PORTICO_KEY is a control key of it. Keys and secrets are read from the
environment, a file or the standard input, never from arguments.
Exit codes: 0 done, 1 refused or failed, 2 called wrongly.

Example:
  portico connect --key doc-1 --room main/doc-1 --user alice`,
    )
  addSpawn(program, shell)
  addConnect(program, shell)
  addList(program, shell)
  addStatus(program, shell)
  addTerminate(program, shell)
  addRevoke(program, shell)
  const token = program
    .command('token')
    .description('make and check tokens')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nExample:\n  portico token mint --sub alice --issuer https://issuer.example --ttl 1h',
    )
  addTokenMint(token, shell)
  addTokenCheck(token, shell)
  return program
}

/** Somebody may have written a key where none belongs, and this ends up in the log of a job. */
function withoutValues(text: string): string {
  const plain = text.replace(/^error: /, 'portico: ').replace(/(?<='-[^'=]*)=[^']*(?=')/g, '')
  return plain.split('\n').map(printable).join('\n')
}
