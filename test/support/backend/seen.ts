import type { IncomingMessage } from 'node:http'
import { cgiVariables } from './cgi.ts'

/** A request as the backend saw it on the wire. */
export interface Seen {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly url: string
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly cgi: Readonly<Record<string, string>>
}

export function seen({ method = '', url = '', rawHeaders }: IncomingMessage): Seen {
  const lines: [string, string][] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''])
  }
  return { method, url, lines, cgi: cgiVariables(lines) }
}
