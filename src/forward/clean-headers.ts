/** Names that describe one connection, not the message (RFC 9110, section 7.6.1), and framing. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Beginnings of names, without `-`, `_` and `.`, that only the gate or the platform in front of it
 * may set: CGI-style readers see `X-Verified-User`, `X_Verified_User` and `X.Verified.User` as one.
 */
const RESERVED =
  /^(?:xverified|xpartykit|xagents|forwarded|xforwarded|xoriginal|xrewriteurl|xclerk|cfaccess)/

/**
 * Drops what a caller may not say to a room or a backend: connection headers and those that
 * `Connection` nominates, and the gate's own names in every spelling.
 *
 * It runs before a hook, so that a caller cannot nominate a hook's header away, and again after it,
 * so that a hook's new request cannot bring a forged name along.
 */
export function cleanHeaders(headers: Headers): void {
  const nominated = headers.get('connection')
  // A copy of the names: deleting while iterating skips entries outside workerd.
  for (const name of [...headers.keys()]) {
    if (HOP_BY_HOP.has(name) || isReserved(name)) headers.delete(name)
  }
  for (const name of nominated?.split(',') ?? []) deleteNominated(headers, name.trim())
}

const FIRST_OF_RESERVED = /^[-_.xcf]/i

function isReserved(name: string): boolean {
  return FIRST_OF_RESERVED.test(name) && RESERVED.test(name.replace(/[-_.]/g, '').toLowerCase())
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function deleteNominated(headers: Headers, name: string): void {
  if (HEADER_NAME.test(name)) headers.delete(name)
}
