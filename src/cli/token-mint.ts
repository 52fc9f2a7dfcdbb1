import type { Command } from 'commander'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { signToken, type SignTokenOptions } from '../verify/sign-token.ts'
import type { PrivateJwk } from '../verify/signing-key.ts'
import { durationSeconds, gathered, json as parsedJson, pairOf } from './arguments.ts'
import { jsonCommand } from './gate-command.ts'
import { readKeyFile } from './key-file.ts'
import { inOptions } from './option-names.ts'
import { misuse, type Failure, type Shell } from './shell.ts'

interface Options {
  readonly sub: string
  readonly issuer?: string
  readonly audience?: readonly string[]
  readonly ttl: number
  readonly claim?: readonly string[]
  readonly keyFile?: string
  readonly algorithm?: NonNullable<SignTokenOptions['algorithm']>
  readonly kid?: string
  readonly json?: boolean
}

const TTL_SECONDS = 3600
/** What `signToken` calls what is an option or a setting here. */
const OPTION_OF = {
  secret: 'JWT_SECRET',
  privateKey: '--key-file',
  algorithm: '--algorithm',
  expiresInSeconds: '--ttl',
  issuer: '--issuer',
  iss: '--issuer',
  audience: '--audience',
  sub: '--sub',
  kid: '--kid',
} as const

export function addTokenMint(token: Command, shell: Shell): void {
  const command = token
    .command('mint')
    .description('make a JWT, signed with the secret in JWT_SECRET or with the key of a file')
    .requiredOption('--sub <subject>', 'who it is for')
    .option('--issuer <issuer>', 'default: JWT_ISSUER')
    .option('--audience <audience>', 'default: JWT_AUDIENCE; as often as needed', gathered)
    .option('--ttl <time>', 'how long it lasts: 90s, 15m, 1h', durationSeconds, TTL_SECONDS)
    .option('--claim <name=json>', 'another claim, as often as needed', gathered)
    .option('--key-file <file>', 'a private key as PEM (PKCS #8) or JWK')
    .option('--algorithm <name>', 'default: HS256 for a secret; a PEM needs it')
    .option('--kid <id>', 'names the key in the header')
  jsonCommand(
    command,
    `portico token mint --sub alice --issuer https://issuer.example --claim 'role="writer"'`,
  ).action(mint)

  async function mint(options: Options): Promise<void> {
    const { json, ttl } = options
    const claims = claimsOf(options)
    if (typeof claims === 'string') return shell.fail(misuse(claims), json)
    const key = await keyOf(options)
    if ('failure' in key) return shell.fail(key.failure, json)
    try {
      const expiresAt = Math.floor(shell.now() / 1000) + ttl
      const signed = await signToken(claims, {
        ...key,
        ...namesOf(options),
        expiresInSeconds: ttl,
      })
      if (json !== true) return shell.tell([signed])
      shell.document({ token: signed, expires_at: new Date(expiresAt * 1000).toISOString() })
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      shell.fail(misuse(inOptions(error.message, OPTION_OF)), json)
    }
  }

  /** What stands in an option of its own, or is in the environment instead. */
  function namesOf({ issuer, audience, algorithm, kid }: Options) {
    const { JWT_ISSUER, JWT_AUDIENCE } = shell.env
    const iss = issuer ?? (JWT_ISSUER || undefined)
    const audiences = audience ?? (JWT_AUDIENCE ? [JWT_AUDIENCE] : [])
    const [only, ...others] = audiences
    return {
      ...(iss !== undefined && { issuer: iss }),
      ...(only !== undefined && { audience: others.length === 0 ? only : audiences }),
      ...(algorithm !== undefined && { algorithm }),
      ...(kid !== undefined && { kid }),
    }
  }

  async function keyOf({
    keyFile,
  }: Options): Promise<
    | { readonly privateKey: string | PrivateJwk }
    | { readonly secret: string }
    | { readonly failure: Failure }
  > {
    if (keyFile !== undefined) {
      const key = await readKeyFile(keyFile)
      return key === undefined
        ? { failure: misuse(`--key-file: ${keyFile} cannot be read as a PEM or a JWK`) }
        : { privateKey: key }
    }
    const { JWT_SECRET } = shell.env
    return JWT_SECRET
      ? { secret: JWT_SECRET }
      : { failure: misuse('There is no key to sign with.', 'Set JWT_SECRET, or give --key-file.') }
  }
}

const RESERVED = new Set(['iss', 'aud', 'sub', 'exp'])

/** @returns text that says what is wrong with the options */
function claimsOf({ sub, claim = [] }: Options): Readonly<Record<string, unknown>> | string {
  const claims = new Map<string, unknown>()
  for (const [name, value] of claim.map(pairOf)) {
    if (name === '' || value === undefined) return '--claim: expected name=json'
    if (RESERVED.has(name)) return `--claim: ${name} has an option of its own`
    if (claims.has(name)) return `--claim: ${name} is given twice`
    try {
      claims.set(name, parsedJson(value))
    } catch {
      return `--claim ${name}: expected JSON; text stands in quotes: ${name}='"text"'`
    }
  }
  return { ...Object.fromEntries(claims), sub }
}
