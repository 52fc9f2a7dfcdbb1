import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Caller, Claims, Identity, Organization } from './identity.ts'
import { OPERATIONS } from './operation.ts'

const MAX_IDENTITY_BYTES = 8192
/** What `x-verified-secret` and `x-verified-backend` take beside the identity of a connection. */
const SECRET_AND_BACKEND_BYTES = 192

type IdentityHeader =
  | 'x-verified-username'
  | 'x-verified-user-data'
  | 'x-verified-subject'
  | 'x-verified-issuer'
  | 'x-verified-session'
  | 'x-verified-organization'

export type IdentityHeaders = readonly (readonly [IdentityHeader, string])[]

/**
 * The headers that tell a room or a backend who is there. Each value is plain ASCII: text is
 * percent-encoded where a header cannot carry it (and at every `%`, so that decoding is exact),
 * JSON uses `\u` escapes.
 */
export function identityHeaders(identity: Identity<unknown>): Result<IdentityHeaders> {
  const known = encoded.get(identity)
  if (known !== undefined) return known
  const result = encode(identity)
  encoded.set(identity, result)
  return result
}

// One identity serves every request with its token, so its headers are made once.
const encoded = new WeakMap<Identity<unknown>, Result<IdentityHeaders>>()

function encode(identity: Identity<unknown>): Result<IdentityHeaders> {
  const { issuer, subject, username, session = '', organization } = identity
  if (![issuer, subject, username, session].every((text) => text.isWellFormed())) {
    return refuse('token_invalid', 'the identity holds text that is not Unicode')
  }
  const headers: [IdentityHeader, string][] = [
    ['x-verified-username', encodeText(username)],
    ['x-verified-user-data', encodeJson(identity.userData)],
    ['x-verified-subject', encodeText(subject)],
    ['x-verified-issuer', encodeText(issuer)],
  ]
  if (session !== '') headers.push(['x-verified-session', encodeText(session)])
  if (organization !== undefined) {
    headers.push(['x-verified-organization', encodeJson(organization)])
  }
  return limited(headers, MAX_IDENTITY_BYTES)
}

/**
 * The same two for whoever an application vouched for when it asked for a connection.
 *
 * @param userData compact JSON
 */
export function connectionHeaders(
  user: string | undefined,
  userData: string | undefined,
): Result<IdentityHeaders> {
  if (user?.isWellFormed() === false) {
    return refuse('request_malformed', 'the user is text that is not Unicode')
  }
  const headers: [IdentityHeader, string][] = []
  if (user !== undefined) headers.push(['x-verified-username', encodeText(user)])
  if (userData !== undefined) headers.push(['x-verified-user-data', escapeJson(userData)])
  return limited(headers, MAX_IDENTITY_BYTES - SECRET_AND_BACKEND_BYTES)
}

function limited(
  headers: readonly [IdentityHeader, string][],
  maxBytes: number,
): Result<IdentityHeaders> {
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (bytes <= maxBytes) return ok(headers)
  const [name, value] = headers.reduce((a, b) => (b[1].length > a[1].length ? b : a))
  return refuse(
    'request_malformed',
    `the identity headers take ${bytes} of ${maxBytes} bytes; the largest, ${name}, takes ${value.length}`,
  )
}

/**
 * The caller that the gate verified, read from the request that a room received.
 *
 * @returns `undefined` where the gate let nobody in particular through (`auth: 'optional'` or `'hook'`).
 */
export function identityOf<Data = Claims>(request: Request): Caller<Data> | undefined {
  const subject = request.headers.get('x-verified-subject')
  const issuer = request.headers.get('x-verified-issuer')
  const username = request.headers.get('x-verified-username')
  const userData = request.headers.get('x-verified-user-data')
  if (subject === null || issuer === null || username === null || userData === null)
    return undefined
  const session = request.headers.get('x-verified-session')
  const organization = request.headers.get('x-verified-organization')
  const permissions = request.headers.get('x-verified-permissions')?.split(' ')
  return {
    subject: decodeURIComponent(subject),
    issuer: decodeURIComponent(issuer),
    username: decodeURIComponent(username),
    session: session === null ? undefined : decodeURIComponent(session),
    organization: organization === null ? undefined : (JSON.parse(organization) as Organization),
    // The gate wrote this header itself and dropped the caller's own, so its shape is the issuer's.
    userData: JSON.parse(userData) as Data,
    permissions: permissions && OPERATIONS.filter((operation) => permissions.includes(operation)),
  }
}

const PLAIN = /^[!-$&-~](?:[ -$&-~]*[!-$&-~])?$/

function encodeText(text: string): string {
  if (PLAIN.test(text)) return text
  return encodeURIComponent(text).replace(/%20(?!$)/g, (space, at: number) =>
    at === 0 ? space : ' ',
  )
}

function encodeJson(data: Claims | Organization): string {
  return escapeJson(JSON.stringify(data))
}

/** The same JSON in plain ASCII, as a header can carry it. */
function escapeJson(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
