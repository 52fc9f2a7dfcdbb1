import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import { logFailure } from '../refusal/log-failure.ts'
import { readJson } from '../verify/limited-body.ts'
import type { Spawner } from './spawner.ts'

export interface WebhookSpawnerOptions {
  readonly url: string
  /** `whsec_…`, as Standard Webhooks has them. */
  readonly secret: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly sleep: (milliseconds: number) => Promise<unknown>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const TIMEOUT_MS = 5000
/** Before the second and the third attempt: whoever asks for a connection waits for them. */
const PAUSES_MS = [200, 1000]
const MAX_ANSWER_BYTES = 4096
const MAX_MESSAGE_CHARACTERS = 500

const refused = z.object({ message: z.string().min(1) })

type Event =
  | { readonly type: 'backend.spawn'; readonly data: object }
  | { readonly type: 'backend.terminate'; readonly data: object }

/** A spawner somewhere else, asked by signed requests as Standard Webhooks defines them. */
export function webhookSpawner(options: WebhookSpawnerOptions): Spawner {
  const webhook = new Webhook(options.secret)

  const post = async (id: string, { type, data }: Event): Promise<Response | undefined> => {
    const sentAt = new Date(options.now())
    const body = JSON.stringify({ type, timestamp: sentAt.toISOString(), data })
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': webhook.sign(id, sentAt, body),
    }
    try {
      return await options.fetch(options.url, {
        method: 'POST',
        headers,
        body,
        // Followed, it would take what is signed to where nobody meant it to go.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      logFailure('the spawner cannot be reached:', error)
      return undefined
    }
  }

  return {
    async spawn(request) {
      const { backendId, key, executable, staticToken } = request
      const data = {
        backend_id: backendId,
        key,
        executable,
        static_token: staticToken,
        max_idle_seconds: request.maxIdleSeconds,
        lifetime_limit_seconds: request.lifetimeLimitSeconds,
      }
      for (const pauseMs of [...PAUSES_MS, undefined]) {
        const answer = await post(`spawn-${backendId}`, { type: 'backend.spawn', data })
        if (answer?.status === 422) return { kind: 'refused', message: await messageOf(answer) }
        await answer?.body?.cancel()
        if (answer?.ok === true) return { kind: 'accepted' }
        if (answer !== undefined) console.error(`portico: the spawner answered ${answer.status}`)
        if (pauseMs === undefined || !mayPass(answer)) break
        await options.sleep(pauseMs)
      }
      return { kind: 'unavailable' }
    },

    async stop(backendId, kind) {
      const data = { backend_id: backendId, kind }
      const id = `terminate-${backendId}-${kind}`
      const answer = await post(id, { type: 'backend.terminate', data })
      await answer?.body?.cancel()
      if (answer?.ok === true) return 'accepted'
      return answer?.status === 404 ? 'unknown' : 'unavailable'
    },
  }
}

/** A wrong signature or URL does not mend itself; what has no connection or is busy may. */
function mayPass(answer: Response | undefined): boolean {
  if (answer === undefined || answer.status >= 500) return true
  return [408, 425, 429].includes(answer.status)
}

/** The spawner's own words, on one line and no longer than an error message is. */
async function messageOf(answer: Response): Promise<string> {
  const body = await readJson(answer, MAX_ANSWER_BYTES).catch(() => undefined)
  const read = refused.safeParse(body)
  if (!read.success) return 'the spawner does not run it'
  return read.data.message.replace(/\s+/g, ' ').slice(0, MAX_MESSAGE_CHARACTERS)
}
