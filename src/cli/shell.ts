import { printable } from './printable.ts'

/** The process around a command, handed in by its entry. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<unknown>
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Aborts at Ctrl+C, which ends the process at once where nobody has asked for this. */
  readonly interruption: () => AbortSignal
}

/** 0: done, 1: refused or failed, 2: called wrongly. */
export type ExitCode = 0 | 1 | 2

export interface Failure {
  readonly exitCode: 1 | 2
  readonly message: string
  /** The next step. */
  readonly advice?: string
  /** More about it for programs. */
  readonly details?: object
}

/** How every command tells people or programs what it found. */
export interface Shell extends Surroundings {
  /** Lines for people. */
  readonly tell: (lines: readonly string[]) => void
  /** A remark that is no part of the result. */
  readonly remark: (text: string) => void
  /** One JSON document, in one line. */
  readonly document: (value: unknown) => void
  readonly fail: (failure: Failure, json: boolean | undefined) => void
  /** The exit code of a command that has told its result. */
  readonly found: (exitCode: ExitCode) => void
  readonly exitCode: () => ExitCode
}

export function createShell(surroundings: Surroundings): Shell {
  const { writeOut, writeError } = surroundings
  let exitCode: ExitCode = 0
  return {
    ...surroundings,
    tell: (lines) => writeOut(lines.map((line) => `${printable(line)}\n`).join('')),
    remark: (text) => writeError(`${printable(text)}\n`),
    document: (value) => writeOut(`${printable(JSON.stringify(value))}\n`),
    fail({ exitCode: code, message, advice, details }, json) {
      exitCode = code
      const error = { error: { message, ...(advice !== undefined && { advice }), ...details } }
      const lines = [`portico: ${message}`, ...(advice === undefined ? [] : [advice])]
      const told = json === true ? [JSON.stringify(error)] : lines
      writeError(told.map((line) => `${printable(line)}\n`).join(''))
    },
    found: (code) => void (exitCode = code),
    exitCode: () => exitCode,
  }
}

/** Something in the call is wrong, and the gate was not asked. */
export function misuse(message: string, advice?: string): Failure {
  return { exitCode: 2, message, ...(advice !== undefined && { advice }) }
}
