import { z } from 'zod'
import type { Connected } from '../connection/connections.ts'
import { cutUrl } from '../route/path.ts'
import { named } from './names.ts'
import { backendStatus } from './status-document.ts'
import { isoTime, isoTimeOf } from './iso-time.ts'

export const connectResponse = z
  .object({
    backend_id: z.string(),
    spawned: z.boolean().describe('whether this call made the backend'),
    status: backendStatus,
    token: z.string(),
    url: z.string().describe('what the token’s holder opens; ends with a slash'),
    subdomain: z.string().nullable(),
    secret_token: z.string().nullable().describe('told to the backend in x-verified-secret'),
    status_url: z.string(),
    drone: z.null(),
    token_id: z.string().describe('names the token where it is listed or revoked'),
    expires_at: isoTime.nullable(),
  })
  .register(named, { id: 'ConnectResponse' })

/** @param requestUrl where the call came in: what no cluster says, this does */
export function connectAnswer(
  connected: Connected,
  requestUrl: string,
): z.output<typeof connectResponse> {
  const { origin } = cutUrl(requestUrl)
  return {
    backend_id: connected.backendId,
    spawned: connected.spawned,
    status: connected.status,
    token: connected.token,
    url: `${originOf(connected, origin)}/${connected.token}/`,
    subdomain: connected.subdomain ?? null,
    secret_token: connected.secretToken ?? null,
    status_url: `${origin}/pub/b/${connected.backendId}/status`,
    drone: null,
    token_id: connected.tokenId,
    expires_at: isoTimeOf(connected.expiresAt),
  }
}

/** As Plane: a cluster with a port of its own is a development one, without TLS. */
export function originOf(
  { cluster, subdomain }: Pick<Connected, 'cluster' | 'subdomain'>,
  requestOrigin: string,
): string {
  const [ownScheme = '', ownHost = ''] = requestOrigin.split('://')
  const isSecure = cluster?.includes(':') === false || cluster?.endsWith(':443') === true
  const scheme = cluster === undefined ? ownScheme : isSecure ? 'https' : 'http'
  const host = cluster ?? ownHost
  return `${scheme}://${subdomain === undefined ? '' : `${subdomain}.`}${host}`
}
