/** A path whose first segment has the form of a connection token. */
export interface TokenPath {
  readonly token: string
  /** What follows it, byte for byte: empty or starting with a slash. */
  readonly rest: string
}

/** Not percent-decoded: an encoded token is none. What else the gate serves has shorter first segments. */
const TOKEN_SEGMENT = /^\/((?:s\.)?[\w-]{16,})(?=\/|$)/

/** @param roomPrefix what stands before the rooms, the one first segment that may be as long */
export function tokenPathOf(path: string, roomPrefix: string): TokenPath | undefined {
  const token = TOKEN_SEGMENT.exec(path)?.[1]
  if (token === undefined || token === roomPrefix.split('/')[0]) return undefined
  return { token, rest: path.slice(token.length + 1) }
}

const WHOLE_TOKEN = /^\/((?:s\.)?[\w-]{72})(?=\/|$)/

/** The same where other paths are somebody's own: only what is exactly as long as a token counts. */
export function wholeTokenPathOf(path: string): TokenPath | undefined {
  const token = WHOLE_TOKEN.exec(path)?.[1]
  return token === undefined ? undefined : { token, rest: path.slice(token.length + 1) }
}

/** Whether a credential can be a connection token; other tokens hardly ever have this form. */
export function looksLikeConnectionToken(text: string): boolean {
  return /^(?:s\.)?[\w-]{72}$/.test(text)
}
