import { ConfigurationError } from '../refusal/configuration-error.ts'

/** `fetch` of every runtime, and a Worker's own way to another one. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'GET' | 'POST'
    readonly headers: Record<string, string>
    readonly body: string | null
    readonly redirect: 'manual'
    readonly signal: AbortSignal
  },
) => Promise<Response> | Response

export interface PorticoOptions {
  /** Where the gate is: `https://gate.example`. */
  readonly url: string
  /** A control key of the gate, whose scope allows what is asked. */
  readonly key: string
  /** Instead of the global one: in a Worker, that of a service binding. */
  readonly fetch?: Fetch
  /** How long one request may take, with its answer. Default 30000. */
  readonly timeoutMs?: number
}

/** The gate as the client reaches it. It is never handed out: it holds the key. */
export interface Gate {
  readonly base: string
  readonly key: string
  readonly fetch: Fetch
  readonly timeoutMs: number
}

const TIMEOUT_MS = 30_000
/** Timers take no more than a signed 32-bit number, and fire at once beyond it. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1
const KEY = /^[!-+\--~]{32,512}$/

/** @throws ConfigurationError that names the option which is wrong, without its value */
export function gateOf(options: PorticoOptions): Gate {
  const { url, key, fetch: ownFetch, timeoutMs = TIMEOUT_MS } = options
  // Also what no type has checked: a variable whose name is misspelt is `undefined`.
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new ConfigurationError('key: expected 32 to 512 visible ASCII characters without a comma')
  }
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new ConfigurationError('timeoutMs: expected a number above 0')
  }
  return {
    base: baseOf(url),
    key,
    // Looked up at each call, so that what wraps the global one later is used.
    fetch: ownFetch ?? ((target, init) => fetch(target, init)),
    timeoutMs,
  }
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isPlain =
    parsed !== undefined &&
    /^https?:$/.test(parsed.protocol) &&
    parsed.username + parsed.password + parsed.search + parsed.hash === ''
  if (!isPlain) throw new ConfigurationError('url: expected the URL of the gate, without a query')
  return parsed.origin + parsed.pathname.replace(/\/+$/, '')
}
