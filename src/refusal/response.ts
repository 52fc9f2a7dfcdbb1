import { refusalRules, type Refusal } from './refusal.ts'

const RETRY_AFTER_SECONDS = 5

/**
 * A refusal as `application/problem+json` (RFC 9457), with the Bearer challenge of RFC 6750.
 *
 * @param status where another protocol fixes it; default: the one of the refusal's rule
 */
export function problemResponse(
  refusal: Refusal,
  status: number = refusalRules[refusal.code].status,
): Response {
  const { retry } = refusalRules[refusal.code]
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  })
  if (status === 401 || status === 403) headers.set('www-authenticate', challenge(refusal, status))
  if (retry === 'back_off' && (status === 503 || status === 429)) {
    headers.set('retry-after', String(RETRY_AFTER_SECONDS))
  }
  const body = { status, title: titles[status], code: refusal.code, detail: refusal.detail }
  return new Response(JSON.stringify(body), { status, headers })
}

/**
 * Accepts the socket and closes it at once with the refusal's code, because a browser hides the
 * status of a refused handshake from its page.
 */
export function closedSocketResponse(refusal: Refusal, protocol: string | undefined): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.close(refusalRules[refusal.code].close, JSON.stringify({ code: refusal.code }))
  // A browser that offered protocols fails a handshake that selects none, and would not see the code.
  const headers = protocol === undefined ? {} : { 'sec-websocket-protocol': protocol }
  return new Response(null, { status: 101, webSocket: client, headers })
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  410: 'Gone',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}

/** RFC 6750, section 3.1: a request that carried no credential gets no error attribute. */
function challenge(refusal: Refusal, status: 401 | 403): string {
  const realm = 'Bearer realm="portico"'
  if (refusal.code === 'credential_missing') return realm
  if (status === 403) return `${realm}, error="insufficient_scope"`
  const error = refusal.code === 'credential_ambiguous' ? 'invalid_request' : 'invalid_token'
  return `${realm}, error="${error}", error_description="${refusal.code}"`
}
