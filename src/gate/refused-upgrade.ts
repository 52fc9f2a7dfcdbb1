import { BEARER_PROTOCOL } from '../carry/carriers.ts'
import { protocolsOf } from '../carry/find-credential.ts'
import { type Refusal } from '../refusal/refusal.ts'
import { closedSocketResponse, problemResponse } from '../refusal/response.ts'
import type { RefusedUpgrades } from './options.ts'

/** Only the exact value asks for a socket: `h2c` and lists do not make a backend switch protocols. */
export function isWebSocketUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** A browser always sends `Origin` with an upgrade, and hides the status of a refused one from its page. */
export function closesRefusedUpgrade(mode: RefusedUpgrades, request: Request): boolean {
  if (!isWebSocketUpgrade(request) || offersOnlyCredential(request.headers)) return false
  return mode === 'close' || (mode === 'auto' && request.headers.has('origin'))
}

export function refusalResponse(
  refusal: Refusal,
  request: Request,
  mode: RefusedUpgrades,
): Response {
  if (!closesRefusedUpgrade(mode, request)) return problemResponse(refusal)
  return closedSocketResponse(refusal, applicationProtocol(request.headers))
}

/** No protocol can be echoed then, and a browser would break the handshake off before it sees the code. */
function offersOnlyCredential(headers: Headers): boolean {
  return headers.has('sec-websocket-protocol') && applicationProtocol(headers) === undefined
}

/** The first subprotocol that is the application's: the credential is never echoed. */
export function applicationProtocol(headers: Headers): string | undefined {
  return protocolsOf(headers).find((protocol) => !protocol.startsWith(BEARER_PROTOCOL))
}
