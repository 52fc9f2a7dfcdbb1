import type { Connections, Controlled } from '../connection/connections.ts'
import type { Found } from './documents.ts'
import { namespaceOf, type ServiceName } from './services.ts'

const PAGE = 100
/** Each of them costs object calls, of which one request may make only so many. */
const MAX_BACKENDS = 200

export interface Gathered {
  readonly found: readonly Found[]
  /** Whether these are all. */
  readonly isComplete: boolean
}

/** The living backends of the services, up to a bound. */
export async function gatherBackends(
  connections: Connections,
  services: readonly ServiceName[],
): Promise<Controlled<Gathered>> {
  const found: Found[] = []
  for (const service of services) {
    let after: string | undefined
    do {
      if (found.length >= MAX_BACKENDS) return { ok: true, value: { found, isComplete: false } }
      const limit = Math.min(PAGE, MAX_BACKENDS - found.length)
      const page = await connections.backends(namespaceOf(service), { after, limit })
      if (!page.ok) return page
      found.push(...page.value.items.map((backend) => ({ service, backend })))
      after = page.value.next
    } while (after !== undefined)
  }
  return { ok: true, value: { found, isComplete: true } }
}

/** @returns `undefined` for a backend that has ended, or that none of the services started */
export async function findBackend(
  connections: Connections,
  services: readonly ServiceName[],
  backendId: string,
): Promise<Controlled<Found | undefined>> {
  const page = { after: justBefore(backendId), limit: 1 }
  const pages = await Promise.all(
    services.map(async (service) => ({
      service,
      page: await connections.backends(namespaceOf(service), page),
    })),
  )
  for (const { service, page: listed } of pages) {
    if (!listed.ok) return listed
    const backend = listed.value.items.find((one) => one.backendId === backendId)
    if (backend !== undefined) return { ok: true, value: { service, backend } }
  }
  return { ok: true, value: undefined }
}

/** Text that comes after every id before this one: no id holds a `~`, or anything after it. */
function justBefore(backendId: string): string {
  const last = backendId.charCodeAt(backendId.length - 1)
  return `${backendId.slice(0, -1)}${String.fromCharCode(last - 1)}~`
}
