/**
 * Names that describe one connection, not the message (RFC 9110, section 7.6.1), and framing.
 * `Expect` is answered by the platform; of `Proxy` CGI makes the variable `HTTP_PROXY`, which HTTP
 * clients obey.
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Beginnings of names that only the gate or the platform in front of it may set, letters and digits
 * only: CGI-style readers see `X-Verified-User`, `X_Verified_User` and `X.Verified.User` as one, and
 * some also `X!Verified!User`.
 */
const RESERVED =
  /^(?:xverified|xpartykit|xagents|forwarded|xforwarded|xoriginal|xrewriteurl|xclerk|cfaccess)/

/** The same for names that the platform sets or takes away, but in their own spelling only. */
const DISGUISED = /^(?:cf|xrealip|trueclientip|contentlength|transferencoding|keepalive|proxy)/

/**
 * Drops what a caller may not say to a room or a backend: connection headers and those that
 * `Connection` nominates, and the gate's own names in every spelling. It runs after a hook, so that
 * a hook's new request cannot bring a forged name along.
 *
 * @returns the names that were looked at and stay
 */
export function cleanHeaders(headers: Headers): readonly string[] {
  return drop(headers, isUnwantedAtBackend)
}

function isUnwantedAtBackend(name: string): boolean {
  return HOP_BY_HOP.has(name) || isForged(name)
}

/**
 * Drops what a caller may not say to a hook: the gate's own names, and what `Connection` nominates,
 * for after the hook a caller would so take away what the hook has set.
 */
export function dropForged(headers: Headers): void {
  drop(headers, (name) => name === 'connection' || isForged(name))
}

function drop(headers: Headers, isUnwanted: (name: string) => boolean): readonly string[] {
  // Deleting while iterating skips entries outside workerd.
  const unwanted: string[] = []
  const kept: string[] = []
  for (const name of headers.keys()) {
    if (SUSPECT.test(name) && isUnwanted(name)) unwanted.push(name)
    else kept.push(name)
  }
  const nominated = unwanted.includes('connection') ? headers.get('connection') : null
  for (const name of unwanted) headers.delete(name)
  for (const name of nominated?.split(',') ?? []) deleteNominated(headers, name.trim())
  return kept
}

/** A first look, since most headers of a request are none of those above. */
const SUSPECT = new RegExp(`^(?:[xcf]|(?:${[...HOP_BY_HOP].join('|')})$)|[^a-z0-9-]`)
const UNUSUAL = /[^a-z0-9-]/

function isForged(name: string): boolean {
  const letters = name.replace(/[^a-z0-9]/g, '')
  return RESERVED.test(letters) || (UNUSUAL.test(name) && DISGUISED.test(letters))
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function deleteNominated(headers: Headers, name: string): void {
  // `Connection: upgrade` nominates what a hook still wants to know.
  if (HEADER_NAME.test(name) && !HOP_BY_HOP.has(name.toLowerCase())) headers.delete(name)
}
