/** One `TOKEN_KEY`, as the keys that are made of it: one purpose each, so that none serves two. */
export interface TokenKey {
  /** Stands in the token, so that the right one of several keys is tried. It says nothing of the key. */
  readonly id: number
  readonly tag: CryptoKey
  readonly secret: CryptoKey
  readonly static: CryptoKey
}

/** The key that makes new tokens, then those that older ones may be made with. */
export type TokenKeys = readonly [TokenKey, ...TokenKey[]]

/** @param settings `TOKEN_KEY`, and while rotating the one before it */
export async function tokenKeys(settings: readonly [string, ...string[]]): Promise<TokenKeys> {
  const [current, ...previous] = settings
  return [await tokenKey(current), ...(await Promise.all(previous.map(tokenKey)))]
}

async function tokenKey(setting: string): Promise<TokenKey> {
  const [id] = await macOf(await purposeKey('connection key id', setting), new Uint8Array())
  return {
    id: id ?? 0,
    tag: await purposeKey('connection tag', setting),
    secret: await purposeKey('connection secret', setting),
    static: await purposeKey('static token', setting),
  }
}

/** The purpose is part of the key, so that no thing tagged for another one counts here. */
export function purposeKey(purpose: string, setting: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(`portico ${purpose}\n${setting}`)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
}

/** HMAC-SHA-256 over the parts, one after the other. */
export async function macOf(
  key: CryptoKey,
  ...parts: readonly Uint8Array<ArrayBuffer>[]
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes))
}
