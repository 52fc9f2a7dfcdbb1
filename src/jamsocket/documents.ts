import type { Connected, ListedBackend } from '../connection/connections.ts'
import { connectAnswer, originOf } from '../control/connect-answer.ts'
import { isoStatusDocumentOf } from '../control/status-document.ts'
import { cutUrl } from '../route/path.ts'
import type { StatusEntry } from '../store/backend-status.ts'
import type { ServiceName } from './services.ts'
import { v1StateOf } from './v1-status.ts'

/** @param requestUrl where the call came in */
export function connectedDocument(connected: Connected, requestUrl: string) {
  const { backend_id, spawned, status, token, url, secret_token } = connectAnswer(
    connected,
    requestUrl,
  )
  return {
    ...{ backend_id, spawned, status, token, url },
    ...(secret_token !== null && { secret_token }),
    status_url: `${cutUrl(requestUrl).origin}/v2/backend/${backend_id}/status`,
    ready_url: '',
  }
}

/**
 * @param backendDomain under which each backend has a host of its own; `undefined`: it has a path
 * @param isOpen whether anyone may go to it, so that there is no token to tell
 */
export function spawnedDocument(
  { backendId, spawned, status, token }: Connected,
  requestUrl: string,
  backendDomain: string | undefined,
  isOpen: boolean,
) {
  const { origin } = cutUrl(requestUrl)
  const host = { cluster: backendDomain, subdomain: backendId }
  const place =
    backendDomain === undefined ? `${origin}/backends/${backendId}` : originOf(host, origin)
  return {
    name: backendId,
    url: `${place}/`,
    status_url: `${origin}/v1/backend/${backendId}/status`,
    // Where a browser may go at once: the gate holds requests to a backend that is starting.
    ready_url: `${place}/`,
    status: v1StateOf(status),
    spawned,
    ...(!isOpen && { bearer_token: token }),
  }
}

/** Clients print these names, and have no word for one that is not known. */
const UNKNOWN = '-'

export interface Found {
  readonly service: ServiceName
  readonly backend: ListedBackend
}

export function listedDocument(
  { service: { account, service }, backend: { backendId, createdAt, key } }: Found,
  latest: StatusEntry | undefined,
) {
  return {
    id: backendId,
    created_at: new Date(createdAt).toISOString(),
    account_name: account,
    service_name: service,
    cluster_name: UNKNOWN,
    ...(latest !== undefined && { status: isoStatusDocumentOf(latest) }),
    ...(key !== undefined && { key: key.name }),
  }
}

/** @param found `undefined` for a backend that has ended, or that no service started */
export function infoDocument(
  backendId: string,
  history: readonly StatusEntry[],
  found: Found | undefined,
) {
  const backend = { backendId, key: undefined, namespace: '', createdAt: history[0]?.time ?? 0 }
  const nowhere = { account: UNKNOWN, service: UNKNOWN }
  return {
    ...listedDocument(found ?? { service: nowhere, backend }, undefined),
    image_digest: UNKNOWN,
    statuses: history.map((entry, at) => ({
      ...isoStatusDocumentOf(entry),
      ...(entry.status === 'terminated' && { last_status: history[at - 1]?.status }),
    })),
  }
}
