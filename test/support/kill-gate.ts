import { ADMIN_KEY } from './connection-keys.ts'
import type { SeenWithBody } from './backend/answers.ts'
import type { ConnectAnswer } from './serve-connections.ts'

/** A gate that may be killed at any moment, as its callers have it. */
export interface KillGate {
  readonly connect: (order: KeyOrder) => Promise<ConnectAnswer>
  /** @returns how many tokens were revoked */
  readonly revoke: (selector: object) => Promise<number>
  /** The ids of all backends of a namespace, by their key. */
  readonly backends: (namespace: string) => Promise<ReadonlyMap<string, readonly string[]>>
  /** What the backend saw of a request with this token, or the code of the refusal. */
  readonly use: (token: string) => Promise<SeenWithBody | string>
}

interface KeyOrder {
  readonly namespace: string
  readonly key: string
  readonly isStatic: boolean
  readonly user: string | undefined
}

interface BackendPage {
  readonly backends: readonly { readonly backend_id: string; readonly key: { name: string } }[]
  readonly next?: string
}

export function killGate(origin: string, backendOrigin: string): KillGate {
  const control = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(origin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new RefusedError(`${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  return {
    async connect({ namespace, key, isStatic, user }) {
      const answer = await control('/ctrl/connect', {
        key: { name: key, namespace },
        spawn_config: { executable: { origin: backendOrigin }, use_static_token: isStatic },
        ...(user === undefined ? {} : { user }),
      })
      return answer as ConnectAnswer
    },
    async revoke(selector) {
      const answer = await control('/ctrl/revoke', selector)
      return (answer as { tokens_revoked: number }).tokens_revoked
    },
    async backends(namespace) {
      const byKey = new Map<string, string[]>()
      let after: string | undefined
      do {
        const query = new URLSearchParams({ namespace, ...(after === undefined ? {} : { after }) })
        const page = (await control(`/ctrl/backends?${query}`)) as BackendPage
        for (const { backend_id, key } of page.backends) {
          byKey.set(key.name, [...(byKey.get(key.name) ?? []), backend_id])
        }
        after = page.next
      } while (after !== undefined)
      return byKey
    },
    async use(token) {
      const response = await fetch(`${origin}/${token}/`)
      const body = (await response.json()) as SeenWithBody | { code: string }
      return 'code' in body ? body.code : body
    },
  }
}

/** An answer, and not the one that was asked for: nothing that a kill explains. */
export class RefusedError extends Error {}
