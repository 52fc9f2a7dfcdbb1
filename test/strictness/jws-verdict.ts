import { ConfigurationError } from '../../src/refusal/configuration-error.ts'
import { isAlgorithm } from '../../src/verify/algorithms.ts'
import { decodeBase64url, encodeBase64url, fromBinary } from '../../src/verify/base64url.ts'
import { checkJwk, type Unusable } from '../../src/verify/checked-jwk.ts'
import { parseCompactJws, type UnverifiedJws } from '../../src/verify/compact-jws.ts'
import { publishedKeys } from '../../src/verify/key-set.ts'
import { configuredKeys, type KeySource } from '../../src/verify/key-source.ts'
import { pinKey } from '../../src/verify/pinned-key.ts'
import { isSignedBy } from '../../src/verify/signature.ts'

/** A signature to judge, and the keys of the one who may have made it. */
export interface JwsCase {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
  /** Compact, or the object of the JSON serialisation. */
  readonly jws: unknown
}

/**
 * Whether the gate's own steps find that one of the keys signed: the form of the token, the check
 * and the import of the keys, the choice among them, and the signature.
 */
export async function isAccepted({ keys, jws }: JwsCase): Promise<boolean> {
  const parsed = typeof jws === 'string' ? parseAnyPayload(jws) : undefined
  if (parsed === undefined) return false
  const areSecrets = keys.every((key) => key['kty'] === 'oct')
  const source = areSecrets ? configuredSecrets(keys) : publishedKeys(JWKS_URL, undefined)
  const found = await source.find(parsed.algorithm, parsed.kid, {
    now: () => 0,
    fetch: () => Promise.resolve(Response.json({ keys })),
    sleep: () => Promise.reject(new Error('nobody else fetches')),
  })
  const candidates = found.ok ? found.value : []
  const signed = await Promise.all(candidates.map((key) => isSignedBy(parsed, key)))
  return signed.includes(true)
}

const JWKS_URL = 'https://issuer.example/keys'

/** Secrets come from the configuration alone, where one that cannot be used is an error. */
function configuredSecrets(keys: JwsCase['keys']): KeySource {
  const importKeys = keys.map((jwk) => async () => {
    const { alg } = jwk
    return usable(await pinKey(usable(checkJwk(jwk, isAlgorithm(alg) ? [alg] : []))))
  })
  return configuredKeys('secret', importKeys)
}

function usable<T extends object>(outcome: T | Unusable): T {
  if ('unusable' in outcome) throw new ConfigurationError(outcome.unusable)
  return outcome
}

/**
 * Parses a token whose payload is any bytes or none, as those of Wycheproof are: all of the gate's
 * parser but the demand that the payload be a JSON object, for which it is shown an empty one.
 */
function parseAnyPayload(jws: string): UnverifiedJws | undefined {
  const [header = '', payload = '', ...more] = jws.split('.')
  if (decodeBase64url(payload) === undefined) return undefined
  const parsed = parseCompactJws([header, EMPTY_OBJECT, ...more].join('.'))
  return parsed && { ...parsed, signedBytes: fromBinary(`${header}.${payload}`) }
}

const EMPTY_OBJECT = encodeBase64url(new TextEncoder().encode('{}'))
