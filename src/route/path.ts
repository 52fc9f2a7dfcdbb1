import { ok, refuse, type Result } from '../refusal/refusal.ts'

/** A request URL cut into its bytes as they came; `search` starts with `?` or is empty. */
export interface RawUrl {
  readonly origin: string
  readonly path: string
  readonly search: string
}

/** Not only a slash: a `Host` header may hold anything, and nothing of it may pass for a path. */
const AUTHORITY = /^[^:]*:\/\/[^/?#\\]*/

/**
 * Cuts without `new URL`, which would resolve `%2e%2e` and `\` and so show the gate another path
 * than the one that is forwarded.
 */
export function cutUrl(url: string): RawUrl {
  const pathAt = AUTHORITY.exec(url)?.[0].length ?? 0
  const queryAt = url.indexOf('?', pathAt)
  const end = queryAt === -1 ? url.length : queryAt
  return { origin: url.slice(0, pathAt), path: url.slice(pathAt, end), search: url.slice(end) }
}

const CONTROL_OR_BACKSLASH = /[\u0000-\u0020\u007f\\#]|%(?:[01][0-9a-f]|7f|5c)/i
// A backend may read `%2f` as a slash and drop `;parameters`, so both count here.
const DOT_SEGMENT = /(?:\/|%2f)(?:\.|%2e){1,2}(?:(?:;|%3b)[^/]*)?(?=\/|%2f|$)/i

const ORIGIN = /^https?:\/\/[\w.:[\]-]+$/

/** As most paths are: nothing in them could be read in two ways, and no segment begins with a dot. */
const PLAIN = /^(?:\/[\w~-][\w.~-]*)*\/?$/

/** Refuses every host that is none, and every path that two readers could read in two ways. */
export function checkUrl({ origin, path }: RawUrl): Result<string> {
  if (!ORIGIN.test(origin)) return refuse('request_malformed', 'the Host header is no host')
  if (PLAIN.test(path)) return ok(path)
  if (CONTROL_OR_BACKSLASH.test(path)) {
    return refuse(
      'request_malformed',
      'the path holds a control character, a space, a backslash or #',
    )
  }
  if (!isDecodable(path)) {
    return refuse('request_malformed', 'the path holds a broken percent-encoding')
  }
  if (DOT_SEGMENT.test(path)) {
    return refuse('request_malformed', 'the path holds a dot segment')
  }
  return ok(path)
}

/** Every `%` is followed by two hexadecimal digits, and what they say is UTF-8. */
function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** What an origin names beside its scheme: the host, with the port where one is given. */
export function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('://') + 3)
}

const VISIBLE_ASCII = /^[!-~]*$/

/** A part of a URL as a header can carry it: a request line may hold bytes that no header can. */
export function asciiText(part: string): string {
  if (VISIBLE_ASCII.test(part)) return part
  return part.toWellFormed().replace(/[^!-~]+/g, encodeURIComponent)
}
