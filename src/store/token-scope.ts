/** What a token may be bound to; `undefined` binds it to nothing. */
export interface TokenScope {
  /** The one origin whose pages may use it. */
  readonly origin: string | undefined
  readonly methods: readonly string[] | undefined
  /** The beginning of the only paths that it is good for: `/docs` is also `/docs/1`, not `/docs2`. */
  readonly path: string | undefined
}

/** What a request brings that a token may be bound to. */
export interface TokenUse {
  readonly method: string
  /** What follows the token in the path, byte for byte; starts with a slash. */
  readonly rest: string
  readonly origin: string | undefined
  /** Whether a browser only asks if it may send the request (Fetch standard, CORS protocol). */
  readonly isPreflight: boolean
}

/** @returns what of the request the token is not good for, `undefined` if it is good for all of it */
export function outOfScope(
  scope: TokenScope,
  use: TokenUse,
): 'origin' | 'method' | 'path' | undefined {
  if (scope.origin !== undefined && scope.origin !== use.origin) return 'origin'
  const isMethod = use.isPreflight || (scope.methods?.includes(use.method) ?? true)
  if (!isMethod) return 'method'
  if (scope.path !== undefined && !isBelow(use.rest, scope.path)) return 'path'
  return undefined
}

/** The path as it is forwarded; an encoded slash is no slash, so `/docs%2F1` is not below `/docs`. */
function isBelow(path: string, scope: string): boolean {
  const folder = scope.endsWith('/') ? scope : `${scope}/`
  return path === scope || path.startsWith(folder)
}
