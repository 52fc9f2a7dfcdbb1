import type { Command } from 'commander'
import type { ConnectRequest } from '../server.ts'
import { durationSeconds, gathered, json as jsonArgument, wholeNumber } from './arguments.ts'
import { fields } from './columns.ts'
import { gateCommand, gateFailure, gateOf, type GateOptions } from './gate-command.ts'
import { misuse, type Shell } from './shell.ts'
import { expiry } from './times.ts'

interface Options extends GateOptions {
  readonly key?: string
  readonly namespace?: string
  readonly tag?: string
  readonly spawn?: unknown
  readonly origin?: string
  readonly room?: string
  readonly maxIdle?: number
  readonly lifetime?: number
  readonly staticToken?: true
  readonly user?: string
  readonly auth?: unknown
  readonly expiresIn?: number
  readonly maxUses?: number
  readonly pageOrigin?: string
  readonly method?: readonly string[]
  readonly path?: string
}

export function addConnect(program: Command, shell: Shell): void {
  const command = program
    .command('connect')
    .description('ask for a connection: a URL that leads to a backend as the user that you name')
    .option('--key <name>', 'whose backend to connect to (default: a new one)')
    .option('--namespace <name>', 'of the key')
    .option('--tag <tag>', 'of the key')
    .option('--origin <url>', 'where there is none: the server that is the backend')
    .option('--room <party/room>', 'where there is none: the room that is the backend')
    .option('--spawn <json>', 'where there is none: what the spawner takes', jsonArgument)
    .option('--max-idle <time>', 'end a new backend when unused for this time', durationSeconds)
    .option('--lifetime <time>', 'end a new backend after this time', durationSeconds)
    .option('--static-token', 'one token for the whole of a new backend')
    .option('--user <name>', 'told to the backend')
    .option('--auth <json>', 'an object that is told to the backend', jsonArgument)
    .option(
      '--expires-in <time>',
      'how long the token lasts: 90s, 15m (default: 1h)',
      durationSeconds,
    )
    .option('--max-uses <n>', 'how often the token may be used', wholeNumber)
    .option('--page-origin <origin>', 'the one origin whose pages may use the token')
    .option('--method <name>', 'a method that the token is good for, as often as needed', gathered)
    .option('--path <path>', 'the path that the token is good for, with those below')
  gateCommand(
    command,
    'portico connect --key doc-1 --room main/doc-1 --user alice --expires-in 15m',
    `portico connect --key doc-2 --spawn '{"image":"whiteboard"}' --auth '{"role":"writer"}'`,
  ).action(connect)

  async function connect(options: Options): Promise<void> {
    const { json } = options
    const request = requestOf(options)
    if (typeof request === 'string') return shell.fail(misuse(request), json)
    const portico = gateOf(shell, options)
    if (portico === undefined) return
    const connected = await portico.connect(request)
    if (!connected.ok) return shell.fail(gateFailure(connected.error), json)
    if (json === true) return shell.document(connected.value)
    const { backend_id, spawned, status, url, token_id, expires_at } = connected.value
    const lines = fields([
      ['backend', spawned ? backend_id : `${backend_id} (it was there)`],
      ['status', status],
      ['url', url],
      ['token id', token_id],
      ['expires', expiry(expires_at, shell.now())],
    ])
    shell.tell(lines)
  }
}

/** @returns text that says what is wrong with the options */
function requestOf(options: Options): ConnectRequest | string {
  const { key, namespace, tag, user, auth, expiresIn, maxUses, pageOrigin, method, path } = options
  if (key === undefined && (namespace ?? tag) !== undefined) {
    return '--namespace and --tag belong to a --key'
  }
  if (auth !== undefined && !isObject(auth)) return '--auth: expected a JSON object'
  const spawn = spawnConfigOf(options)
  if (typeof spawn === 'string') return spawn
  return {
    ...(key !== undefined && {
      key: {
        name: key,
        ...(namespace !== undefined && { namespace }),
        ...(tag !== undefined && { tag }),
      },
    }),
    ...(spawn !== undefined && { spawn_config: spawn }),
    ...(user !== undefined && { user }),
    ...(auth !== undefined && { auth }),
    ...(expiresIn !== undefined && { expires_in_seconds: expiresIn }),
    ...(maxUses !== undefined && { max_uses: maxUses }),
    ...(pageOrigin !== undefined && { origin: pageOrigin }),
    ...((method ?? path) !== undefined && {
      scope: {
        ...(method !== undefined && { methods: [...method] }),
        ...(path !== undefined && { path }),
      },
    }),
  }
}

type SpawnConfig = NonNullable<ConnectRequest['spawn_config']>

function spawnConfigOf(options: Options): SpawnConfig | string | undefined {
  const { spawn, origin, room, maxIdle, lifetime, staticToken } = options
  const given = [spawn, origin, room].filter((value) => value !== undefined)
  if (given.length > 1) return '--origin, --room and --spawn: only one of them can be given'
  if (given.length === 0) {
    const isAboutNew = (maxIdle ?? lifetime ?? staticToken) !== undefined
    return isAboutNew
      ? '--max-idle, --lifetime and --static-token need --origin, --room or --spawn'
      : undefined
  }
  const executable = room === undefined ? (spawn ?? { origin }) : roomOf(room)
  if (executable === undefined) return '--room: expected party/room'
  return {
    executable,
    ...(maxIdle !== undefined && { max_idle_seconds: maxIdle }),
    ...(lifetime !== undefined && { lifetime_limit_seconds: lifetime }),
    ...(staticToken === true && { use_static_token: true }),
  }
}

/** A room's name may hold a slash, the name of a party may not. */
function roomOf(text: string): object | undefined {
  const [, party, room] = /^([^/]+)\/(.+)$/s.exec(text) ?? []
  return room === undefined ? undefined : { room: { party, room } }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
