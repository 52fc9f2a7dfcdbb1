/** The signature algorithms of RFC 7518 and RFC 8037 that the gate knows; `none` is not among them. */
export type Algorithm = keyof typeof algorithms

type KeyType = 'oct' | 'RSA' | 'EC' | 'OKP'

interface AlgorithmRule {
  readonly kty: KeyType
  readonly crv?: string
  /** For HMAC: the shortest secret, as long as the hash (RFC 7518, section 3.2). */
  readonly minSecretBytes?: number
  readonly importParams: SubtleCryptoImportKeyAlgorithm
  /** A name alone where the key says the rest: the platform reads an object's members one by one. */
  readonly verifyParams: string | SubtleCryptoSignAlgorithm
}

export const algorithms = {
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa(256),
  RS384: rsa(384),
  RS512: rsa(512),
  PS256: pss(256),
  PS384: pss(384),
  PS512: pss(512),
  ES256: ecdsa(256, 'P-256'),
  ES384: ecdsa(384, 'P-384'),
  ES512: ecdsa(512, 'P-521'),
  EdDSA: {
    kty: 'OKP',
    crv: 'Ed25519',
    importParams: { name: 'Ed25519' },
    verifyParams: 'Ed25519',
  },
} as const satisfies Record<string, AlgorithmRule>

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(algorithms, name)
}

export function ruleOf(algorithm: Algorithm): AlgorithmRule {
  return algorithms[algorithm]
}

function hmac(bits: 256 | 384 | 512) {
  return {
    kty: 'oct',
    minSecretBytes: bits / 8,
    importParams: { name: 'HMAC', hash: `SHA-${bits}` },
    verifyParams: 'HMAC',
  } as const
}

function rsa(bits: 256 | 384 | 512) {
  const name = 'RSASSA-PKCS1-v1_5'
  return { kty: 'RSA', importParams: { name, hash: `SHA-${bits}` }, verifyParams: name } as const
}

function pss(bits: 256 | 384 | 512) {
  const importParams = { name: 'RSA-PSS', hash: `SHA-${bits}` }
  // RFC 7518, section 3.5: the salt is as long as the hash.
  return {
    kty: 'RSA',
    importParams,
    verifyParams: { name: 'RSA-PSS', saltLength: bits / 8 },
  } as const
}

function ecdsa<Curve extends string>(bits: 256 | 384 | 512, crv: Curve) {
  return {
    kty: 'EC',
    crv,
    importParams: { name: 'ECDSA', namedCurve: crv },
    verifyParams: { name: 'ECDSA', hash: `SHA-${bits}` },
  } as const
}
