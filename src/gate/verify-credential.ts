import type { Credential } from '../carry/find-credential.ts'
import type { Identity } from '../identity/identity.ts'
import { logFailure } from '../refusal/log-failure.ts'
import { refuse, type Result } from '../refusal/refusal.ts'
import type { Destination } from '../route/destination.ts'
import { looksLikeTicket } from '../ticket/ticket.ts'
import type { TicketDestination, Tickets } from '../ticket/tickets.ts'
import { verifyWithFirst } from '../verify/verifier.ts'
import type { Gate, Visit } from './gate.ts'
import { isWebSocketUpgrade } from './refused-upgrade.ts'

/** Proves who brings a credential to a destination: by a ticket, or by the first verifier that knows it. */
export function verifyCredential<Env, C>(
  gate: Gate<Env, C>,
  credential: Credential,
  destination: Destination,
  visit: Visit<Env>,
): Promise<Result<Identity<C>>> {
  const { tickets } = gate
  if (tickets === undefined || !isTicket(credential)) {
    return verifyToken(gate, credential.token, visit)
  }
  // It was a verifier of this gate that proved these claims when the ticket was issued.
  return redeem(tickets, credential.token, destination, visit) as Promise<Result<Identity<C>>>
}

/** Asks the verifiers; one that throws is an outage, not a verdict. */
export async function verifyToken<Env, C>(
  { verifiers }: Gate<Env, C>,
  token: string,
  { context }: Visit<Env>,
): Promise<Result<Identity<C>>> {
  try {
    return await verifyWithFirst(verifiers, token, context)
  } catch (error) {
    logFailure('a verifier threw', error)
    return refuse('verifier_unavailable', 'the credential cannot be verified right now')
  }
}

/** The destination as one text. Encoded, so that no two places have one. */
export function ticketDestination(destination: Destination): TicketDestination {
  const names =
    destination.kind === 'room' ? [destination.party, destination.room] : [destination.backend]
  return `${destination.kind} ${names.map(encodeURIComponent).join('/')}`
}

/** On the subprotocol's carrier a token may come as well. */
function isTicket({ carrier, token }: Credential): boolean {
  return carrier === 'ticket' || (carrier === 'subprotocol' && looksLikeTicket(token))
}

async function redeem<Env>(
  tickets: Tickets,
  ticket: string,
  destination: Destination,
  { request, context }: Visit<Env>,
): Promise<Result<Identity>> {
  if (!isWebSocketUpgrade(request)) {
    return refuse('token_invalid', 'a ticket opens a WebSocket and nothing else')
  }
  const origin = request.headers.get('origin') ?? undefined
  return tickets.redeem(ticket, ticketDestination(destination), origin, context.now() / 1000)
}
