import type { Command } from 'commander'
import type { Refusal } from '../refusal/refusal.ts'
import { gathered } from './arguments.ts'
import { checkConnectionToken } from './check-connection-token.ts'
import type { Checked, CheckedToken } from './checked-token.ts'
import { checkJwt, type JwtOptions } from './check-jwt.ts'
import { fields } from './columns.ts'
import { jsonCommand } from './gate-command.ts'
import type { Shell } from './shell.ts'
import { expiry } from './times.ts'

interface Options extends JwtOptions {
  readonly json?: boolean
}

type Kind = 'jwt' | 'connection' | 'static' | 'unknown'

/** No token is longer, and what comes from a pipe may have no end. */
const MAX_TOKEN_CHARACTERS = 16_384

export function addTokenCheck(token: Command, shell: Shell): void {
  const command = token
    .command('check')
    .description('tell what a token is, and whether it is good; the exit code is 1 where it is not')
    .argument('<token>', 'the token, or - to read it from the standard input, where nobody sees it')
    .option('--issuer <issuer>', 'of a JWT; default: JWT_ISSUER')
    .option(
      '--audience <audience>',
      'of a JWT; default: JWT_AUDIENCE; as often as needed',
      gathered,
    )
    .option('--public-key <file>', 'of a JWT, as PEM or JWK; default: the secret in JWT_SECRET')
    .option('--jwks-url <url>', 'where the keys of a JWT are published')
    .option('--algorithm <name>', 'of a JWT, as often as needed', gathered)
  jsonCommand(
    command,
    'portico token check - --issuer https://issuer.example < token.txt',
    'TOKEN_KEY=$(cat token-key.txt) portico token check - < connection-token.txt',
  )
    .addHelpText(
      'after',
      '\nA connection or static token is checked with TOKEN_KEY and TOKEN_KEY_PREVIOUS.\nWhether a token was revoked is kept by the gate, and not looked at here.',
    )
    .action(check)

  async function check(given: string, options: Options): Promise<void> {
    const text = given === '-' ? (await readInput(shell.stdin)).trim() : given
    const kind = kindOf(text)
    const checked = await checkedAs(kind, text, options)
    if (!checked.ok && 'failure' in checked) return shell.fail(checked.failure, options.json)
    if (options.json === true) {
      const verdict = checked.ok ? checked.value : checked.refusal
      shell.document({ kind, valid: checked.ok, ...verdict })
    } else if (checked.ok) shell.tell(goodLines(kind, checked.value, shell.now()))
    else shell.tell(badLines(kind, checked.refusal))
    if (!checked.ok) shell.found(1)
  }

  function checkedAs(kind: Kind, text: string, options: Options): Promise<Checked> {
    if (kind === 'jwt') return checkJwt(text, options, shell)
    if (kind !== 'unknown') return checkConnectionToken(text, shell)
    const detail = 'it is neither a JWT nor a connection token nor a static token'
    return Promise.resolve({ ok: false, refusal: { code: 'token_malformed', detail } })
  }
}

function kindOf(text: string): Kind {
  if (/^s\.[\w-]{72}$/.test(text)) return 'static'
  if (/^[\w-]{72}$/.test(text)) return 'connection'
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) ? 'jwt' : 'unknown'
}

const TITLES = {
  jwt: 'JWT',
  connection: 'connection token',
  static: 'static token',
  unknown: 'nothing that is known',
} as const satisfies Record<Kind, string>

function goodLines(kind: Kind, token: CheckedToken, now: number): string[] {
  return fields([
    ['kind', TITLES[kind]],
    ['verdict', 'good'],
    ['issuer', token.issuer],
    ['subject', token.subject],
    ['token id', token.token_id],
    ['expires', expiry(token.expires_at, now)],
    ['claims', token.claims === undefined ? undefined : JSON.stringify(token.claims)],
  ])
}

function badLines(kind: Kind, { code, detail }: Refusal): string[] {
  return fields([
    ['kind', TITLES[kind]],
    ['verdict', `refused (${code})`],
    ['reason', detail],
  ])
}

async function readInput(stdin: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stdin) {
    text += String(chunk)
    if (text.length > MAX_TOKEN_CHARACTERS) break
  }
  return text
}
