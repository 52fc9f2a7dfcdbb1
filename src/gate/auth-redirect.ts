import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { checkUrl } from '../route/path.ts'

/** Where a path is read as a browser reads it; its name is nowhere in the result. */
const BASE = 'https://backend.invalid'

/** `//` and `/\` begin another host, and a browser drops tabs and line ends before it looks. */
const ONE_SLASH = /^\/(?![/\\])[^\\\u0000-\u001f\u007f]*$/

/**
 * Where a link may lead within its backend.
 *
 * @param redirect a path with or without a query and a fragment
 * @param parameters more of the query, as it stands in a URL
 * @returns the path as a browser will ask for it: it starts with exactly one slash, and has no dot
 *   segments that whatever it is appended to could lose
 */
export function redirectWithin(redirect: string, parameters: string): Result<string> {
  const url = ONE_SLASH.test(redirect) ? URL.parse(redirect, BASE) : null
  if (url === null || url.pathname.startsWith('//')) return OUTSIDE
  // What the gate would refuse there is refused here, an encoded `..` among it.
  const checked = checkUrl({ origin: BASE, path: url.pathname, search: '' })
  if (!checked.ok) return OUTSIDE
  const query = [url.search.slice(1), parameters].filter((part) => part !== '').join('&')
  return ok(url.pathname + (query === '' ? '' : `?${query}`) + url.hash)
}

const OUTSIDE = refuse('request_malformed', 'Redirect must be relative and start with a slash.')
