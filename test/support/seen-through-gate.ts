import { cgiVariables } from './backend/cgi.ts'
import type { Seen } from './backend/seen.ts'
import { rawRequest } from './raw-request.ts'
import { firstMessageOf } from './raw-socket.ts'

/** The ways to ask a backend or a room what it sees. */
export const ways = [
  { kind: 'backend', by: 'HTTP' },
  { kind: 'backend', by: 'WebSocket' },
  { kind: 'room', by: 'HTTP' },
  { kind: 'room', by: 'WebSocket' },
] as const

export type Way = (typeof ways)[number]

/**
 * Sends header lines as they stand, and reads what arrives behind the gate as CGI would.
 *
 * @param guard the backend's or the party's name
 */
export async function seenThroughGate(
  port: number,
  { kind, by }: Way,
  guard: string,
  lines: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const target = kind === 'backend' ? `/backends/${guard}/x` : `/parties/${guard}/room`
  return seenAt(port, by, target, lines)
}

/** The same at any target. */
export async function seenAt(
  port: number,
  by: Way['by'],
  target: string,
  lines: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const seen = JSON.parse(
    by === 'HTTP' ? await bodyOf(port, target, lines) : await firstMessageOf(port, target, lines),
  ) as Seen | { readonly headers: Readonly<Record<string, string>> }
  return 'cgi' in seen ? seen.cgi : cgiVariables(Object.entries(seen.headers))
}

async function bodyOf(port: number, target: string, lines: readonly string[]): Promise<string> {
  const response = await rawRequest(port, [
    `GET ${target} HTTP/1.1`,
    'Host: gate.example',
    ...lines,
  ])
  if (!response.startsWith('HTTP/1.1 200 ')) throw new Error(`not let through: ${response}`)
  return response.slice(response.indexOf('\r\n\r\n') + 4)
}

/** The variables that tell who is there. */
export function identityIn(cgi: Readonly<Record<string, string>>): Record<string, string> {
  const variables = Object.entries(cgi)
  return Object.fromEntries(variables.filter(([name]) => name.startsWith('HTTP_X_VERIFIED')))
}
