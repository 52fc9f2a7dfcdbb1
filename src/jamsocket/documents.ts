import type { Connected, ListedBackend } from '../connection/connections.ts'
import { connectAnswer } from '../control/connect-answer.ts'
import { isoStatusDocumentOf } from '../control/status-document.ts'
import { cutUrl } from '../route/path.ts'
import type { StatusEntry } from '../store/backend-status.ts'
import { givenKey } from './connect-request.ts'
import type { ServiceName } from './services.ts'

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
  const name = givenKey(key?.name)
  return {
    id: backendId,
    created_at: new Date(createdAt).toISOString(),
    account_name: account,
    service_name: service,
    cluster_name: UNKNOWN,
    ...(latest !== undefined && { status: isoStatusDocumentOf(latest) }),
    ...(name !== undefined && { key: name }),
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
