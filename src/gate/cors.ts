import { ConfigurationError } from '../refusal/configuration-error.ts'
import { isToken } from './option-values.ts'
import type { CorsOptions } from './options.ts'

/** The checked CORS options, as the headers that they become. */
export interface Cors {
  readonly origins: ReadonlySet<string>
  readonly allowHeaders: string
  readonly exposeHeaders: string
  readonly maxAgeSeconds: number
}

/** `*` would not cover `Authorization` (Fetch standard), so every header has its name here. */
const ALLOWED_HEADERS = ['authorization', 'content-type']
const EXPOSED_HEADERS = ['www-authenticate', 'retry-after']
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'

/** @throws ConfigurationError that names the option which is wrong */
export function checkCors(options: CorsOptions): Cors {
  const { origins, allowHeaders = [], exposeHeaders = [], maxAgeSeconds = 7200 } = options
  for (const [index, origin] of origins.entries()) {
    // Compared as text, so it must be written as a browser writes it; a pattern would match nothing.
    if (URL.parse(origin)?.origin !== origin || origin.includes('*')) {
      throw new ConfigurationError(
        `cors.origins[${index}]: it is not an origin such as https://app.example.com`,
      )
    }
  }
  checkHeaderNames('cors.allowHeaders', allowHeaders)
  checkHeaderNames('cors.exposeHeaders', exposeHeaders)
  if (!Number.isInteger(maxAgeSeconds) || maxAgeSeconds < 0) {
    throw new ConfigurationError('cors.maxAgeSeconds: expected whole seconds')
  }
  return {
    origins: new Set(origins),
    allowHeaders: [...ALLOWED_HEADERS, ...allowHeaders].join(', '),
    exposeHeaders: [...EXPOSED_HEADERS, ...exposeHeaders].join(', '),
    maxAgeSeconds,
  }
}

function checkHeaderNames(option: string, names: readonly string[]): void {
  if (!names.every(isToken)) throw new ConfigurationError(`${option}: expected names of headers`)
}

/** Whether a browser only asks if it may send a request (Fetch standard, CORS protocol). */
export function isPreflight({ method, headers }: Request): boolean {
  if (method !== 'OPTIONS') return false
  return headers.has('origin') && headers.has('access-control-request-method')
}

/** A preflight carries no credential, so it is answered before anyone looks for one. */
export function preflightResponse(cors: Cors | undefined, request: Request): Response | undefined {
  if (cors === undefined || !isPreflight(request)) return undefined
  const headers = {
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': cors.allowHeaders,
    'access-control-max-age': String(cors.maxAgeSeconds),
  }
  return new Response(null, { status: 204, headers })
}

/** The response as a page of an allowed origin may read it. A 101 is left alone: CORS is not for sockets. */
export function withCors(cors: Cors | undefined, request: Request, response: Response): Response {
  if (cors === undefined || response.webSocket !== null) return response
  const readable = new Response(response.body, response)
  const { headers } = readable
  if (!allowOrigin(cors, request, headers)) headers.delete('access-control-allow-origin')
  return readable
}

/** @returns whether the request comes from a page of an allowed origin */
export function allowOrigin(cors: Cors, request: Request, headers: Headers): boolean {
  // Also for origins that are not allowed: a cache must not hand one page's answer to another.
  headers.append('vary', 'Origin')
  const origin = request.headers.get('origin')
  if (origin === null || !cors.origins.has(origin)) return false
  headers.set('access-control-allow-origin', origin)
  headers.set('access-control-allow-credentials', 'true')
  headers.set('access-control-expose-headers', cors.exposeHeaders)
  return true
}
