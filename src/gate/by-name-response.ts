import type { Turned } from '../connection/connections.ts'
import { refusalRules, type Refusal, type RefusalCode } from '../refusal/refusal.ts'
import { allowOrigin, preflightResponse, type Cors } from './cors.ts'
import type { NamedGate } from './named-backend.ts'
import { closesRefusedUpgrade, refusalResponse } from './refused-upgrade.ts'
import { openToPages, problemOf } from './token-response.ts'

/** For strangers every cause is this one, byte for byte: also whether there is such a backend. */
const CLOSED_TO_STRANGERS: Refusal = {
  code: 'forbidden',
  detail: 'this token does not open this backend',
}

/** Why a request that names a backend was turned away, as far as whoever sent it may know. */
export function toldByName({ refusal, isKnown }: Turned): Refusal {
  return isKnown ? refusal : CLOSED_TO_STRANGERS
}

/** Here a wrong token has one status, as the old Plane had it: 401 is for none at all. */
const WRONG_TOKEN: ReadonlySet<RefusalCode> = new Set([
  'token_malformed',
  'token_invalid',
  'token_expired',
  'token_revoked',
])

export function refusedByName(
  { cors, refusedUpgrades }: Pick<NamedGate, 'cors' | 'refusedUpgrades'>,
  refusal: Refusal,
  backendId: string | undefined,
  request: Request,
  isByCookie: boolean,
): Response {
  if (closesRefusedUpgrade(refusedUpgrades, request)) {
    return refusalResponse(refusal, request, refusedUpgrades)
  }
  const { code } = refusal
  const status = WRONG_TOKEN.has(code) ? 403 : refusalRules[code].status
  return sharedByName(cors, request, problemOf(refusal, status, backendId), isByCookie)
}

/**
 * Says which pages may read an answer: those of the gate's allowed origins, as everywhere; and every
 * page where no cookie was the credential, for then the page itself brought one, or none was needed.
 * What came by a cookie is for no other page than the backend says itself.
 */
export function sharedByName(
  cors: Cors | undefined,
  request: Request,
  response: Response,
  isByCookie: boolean,
): Response {
  if (response.webSocket !== null) return response
  const { headers } = response
  const isAllowed = cors !== undefined && allowOrigin(cors, request, headers)
  if (!isAllowed && !isByCookie) openToPages(headers)
  return response
}

/** Without `access-control-allow-credentials`: no browser then sends the request with a cookie. */
export function preflightByName(cors: Cors | undefined, request: Request): Response {
  const allowed = cors?.origins.has(request.headers.get('origin') ?? '') === true
  const response =
    (allowed && preflightResponse(cors, request)) || new Response(null, { status: 204 })
  response.headers.set('access-control-max-age', MAX_AGE_SECONDS)
  return sharedByName(cors, request, response, false)
}

/** What Chromium allows at most. */
const MAX_AGE_SECONDS = '7200'
