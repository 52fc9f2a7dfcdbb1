import { delimiter, dirname } from 'node:path'
import process from 'node:process'

export const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Tells a process, and everything that it starts, by the backend that it serves. */
export const BACKEND_ID_VARIABLE = 'SESSION_BACKEND_ID'

/** Whether neither the catalogue nor a caller may set a variable, because others rely on ours. */
export function isOwnVariable(name: string): boolean {
  return ['PATH', 'HOST', 'PORT'].includes(name) || name.startsWith('SESSION_BACKEND_')
}

export interface ChildEnvironment {
  readonly backendId: string
  readonly port: number
  readonly staticToken: string | undefined
  /** Of the catalogue. */
  readonly fixed: Readonly<Record<string, string>>
  /** Of the caller, as far as the catalogue allows it. */
  readonly allowed: Readonly<Record<string, string>>
}

/** All that a backend's process finds in its environment. */
export function childEnvironment(given: ChildEnvironment): Readonly<Record<string, string>> {
  return {
    ...given.fixed,
    ...given.allowed,
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    HOST: '127.0.0.1',
    PORT: String(given.port),
    [BACKEND_ID_VARIABLE]: given.backendId,
    ...(given.staticToken === undefined ? {} : { SESSION_BACKEND_STATIC_TOKEN: given.staticToken }),
  }
}
