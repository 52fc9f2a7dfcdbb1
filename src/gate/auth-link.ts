import { queryPairs } from '../carry/query-string.ts'
import type { Connections } from '../connection/connections.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { BACKENDS_PREFIX } from '../route/destination.ts'
import { isLoopback } from '../route/loopback.ts'
import { asciiText, type RawUrl } from '../route/path.ts'
import { redirectWithin } from './auth-redirect.ts'
import { toldByName } from './by-name-response.ts'
import type { NamedBackend, NamedGate } from './named-backend.ts'
import type { GrantedVisit } from './token-path.ts'

/** Plane's names, of the cookie and of the path below the backend that sets it. */
export const AUTH_COOKIE = '_plane_auth'
export const AUTH_LINK = '/_plane_auth'

/**
 * Answers `/_plane_auth?token=…&redirect=…`, the way in for a browser, which can send no header of its
 * own: the cookie is set once the token has been verified, and the browser goes on to the backend.
 */
export async function answerAuthLink(
  { partitionedCookies }: Pick<NamedGate, 'partitionedCookies'>,
  connections: Pick<Connections, 'verifyByName'>,
  { request, context }: Pick<GrantedVisit, 'request' | 'context'>,
  url: RawUrl,
  { backendId, prefix }: NamedBackend,
): Promise<Result<Response>> {
  if (request.method !== 'GET' || request.headers.has('upgrade')) {
    return refuse('request_malformed', 'this link is for a GET')
  }
  if (isPartOfPage(request.headers)) {
    return refuse('origin_refused', 'this link opens a page, and is no part of another')
  }
  const link = readLink(url.search)
  if (!link.ok) return link
  const { token, target } = link.value

  const verified = await connections.verifyByName(backendId, token)
  if (!verified.ok) return { ok: false, refusal: toldByName(verified.turned) }

  // As URLs of the gate write it: the cookie would not come back under another spelling.
  const home = prefix === '' ? '' : `${BACKENDS_PREFIX}/${backendId}`
  const { expiresAt } = verified.value
  const lifeSeconds = expiresAt && Math.floor(expiresAt - context.now() / 1000)
  const attributes = [
    `${AUTH_COOKIE}=${token}`,
    `Path=${home}/`,
    'HttpOnly',
    ...(lifeSeconds === undefined ? [] : [`Max-Age=${lifeSeconds}`]),
    ...protections(url.origin, partitionedCookies),
  ]
  const headers = {
    location: home + target,
    'set-cookie': attributes.join('; '),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }
  return ok(new Response(null, { status: 302, headers }))
}

/**
 * A page of another origin gains nothing by an image or a script with this address. Only browsers send
 * `Sec-Fetch-Site`, and no page can set it.
 */
function isPartOfPage(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  const isForeign = site !== null && site !== 'same-origin' && site !== 'none'
  return isForeign && headers.get('sec-fetch-mode') !== 'navigate'
}

interface Link {
  readonly token: string
  /** Path, query and fragment within the backend. */
  readonly target: string
}

function readLink(search: string): Result<Link> {
  const pairs = queryPairs(search)
  const valuesOf = (name: string) => pairs.filter((pair) => pair.name === name)
  const [token, secondToken] = valuesOf('token')
  const [redirect, secondRedirect] = valuesOf('redirect')
  if (secondToken !== undefined || secondRedirect !== undefined) {
    return refuse('request_malformed', 'token and redirect may each be given once')
  }
  const others = pairs.filter((pair) => pair !== token && pair !== redirect && pair.text !== '')
  const parameters = asciiText(others.map(({ text }) => text).join('&'))
  const target = redirectWithin(redirect?.value ?? '/', parameters)
  if (!target.ok) return target
  if (token === undefined || token.value === '') {
    return refuse('credential_missing', 'Expected bearer token.')
  }
  return ok({ token: token.value, target: target.value })
}

/** A page that embeds the backend has another site, so that only a cookie of its own part comes back. */
function protections(origin: string, isPartitioned: boolean): readonly string[] {
  if (isPartitioned) return ['SameSite=None', 'Secure', 'Partitioned']
  const isPlain = origin.startsWith('http:') && isLoopback(URL.parse(origin)?.hostname ?? '')
  return isPlain ? ['SameSite=Lax'] : ['SameSite=Lax', 'Secure']
}
