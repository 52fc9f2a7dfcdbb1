import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import { addressFor, type AddressSpawner } from '../connection/address-spawner.ts'
import type { BackendReport, Connections } from '../connection/connections.ts'
import { entryOf, type BackendNews } from '../connection/report-backend.ts'
import { TERMINATION_REASONS } from '../store/backend-status.ts'
import { readText } from '../verify/limited-body.ts'
import { errorResponse, type Read } from './api-error.ts'
import { jsonAnswer } from './json-answer.ts'
import { backendName } from './names.ts'
import { checked, parseJson, wrong } from './read-request.ts'

export const SPAWNER_REPORTS_PATH = '/_portico/spawner'

export interface ReportContext {
  readonly connections: Pick<Connections, 'report'>
  /** Any of which a report may be signed with, as Standard Webhooks defines it. */
  readonly secrets: readonly string[]
  /** What tells where a backend serves. */
  readonly addressSpawners: readonly AddressSpawner[]
}

const MAX_BODY_BYTES = 8192

const terminationReason = z.enum(TERMINATION_REASONS)
const report = z.object({
  type: z.literal('backend.status'),
  data: z.discriminatedUnion('status', [
    z.object({ backend_id: backendName, status: z.enum(['loading', 'starting', 'waiting']) }),
    z.object({
      backend_id: backendName,
      status: z.literal('ready'),
      address: z.unknown().optional(),
    }),
    z.object({
      backend_id: backendName,
      status: z.enum(['terminating', 'hard-terminating']),
      reason: terminationReason,
    }),
    z.object({
      backend_id: backendName,
      status: z.literal('terminated'),
      reason: terminationReason.optional(),
      exit_code: z.int().optional(),
    }),
  ]),
})

type ReportData = z.output<typeof report>['data']

/** Answers what a spawner says of a backend: whether that is still wanted, and when to report next. */
export async function receiveReport(request: Request, context: ReportContext): Promise<Response> {
  const signed = await readSigned(request, context.secrets)
  if (!signed.ok) return errorResponse(signed.failure)
  const read = readReport(signed.value, context.addressSpawners)
  if (!read.ok) return errorResponse(read.failure)
  const answer = await context.connections.report(read.value)
  if (!answer.ok) return errorResponse(answer.failure)
  const { wanted, reportInMs } = answer.value
  return jsonAnswer({ wanted, report_in_ms: reportInMs })
}

interface Signed {
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly signedAt: number
}

/** Nothing of a body is read as anything before its signature is known to be right. */
async function readSigned(request: Request, secrets: readonly string[]): Promise<Read<Signed>> {
  const body = await readText(request, MAX_BODY_BYTES).catch(() => undefined)
  if (body === undefined)
    return wrong(413, `the body: expected at most ${MAX_BODY_BYTES} bytes of UTF-8`)
  const headers = Object.fromEntries(request.headers)
  if (!secrets.some((secret) => isSigned(body, headers, secret))) {
    const message = 'the signature is not right, or too old'
    return { ok: false, failure: { kind: 'Unauthorized', message } }
  }
  const signedAt = Number.parseInt(headers['webhook-timestamp'] ?? '0', 10) * 1000
  return { ok: true, value: { body, signedAt } }
}

function isSigned(body: string, headers: Record<string, string>, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false })
    return true
  } catch {
    return false
  }
}

function readReport(
  { body, signedAt }: Signed,
  addressSpawners: readonly AddressSpawner[],
): Read<BackendReport> {
  const read = checked(report, parseJson(body), 400, 'the body')
  if (!read.ok) return read
  const { data } = read.value
  const news = newsOf(data, addressSpawners)
  if (!news.ok) return news
  const address = news.value.status === 'ready' ? news.value.address : undefined
  const backendId = data.backend_id
  return { ok: true, value: { backendId, entry: entryOf(news.value), address, toldAt: signedAt } }
}

function newsOf(data: ReportData, addressSpawners: readonly AddressSpawner[]): Read<BackendNews> {
  const { status } = data
  if (status === 'ready') {
    const address =
      addressFor(data.address, addressSpawners) ?? 'expected {"origin", "room" or "service"}'
    if (typeof address === 'string') return wrong(400, `data.address: ${address}`)
    return { ok: true, value: { status, address } }
  }
  if (status !== 'terminated') return { ok: true, value: data }
  const { reason, exit_code: exitCode } = data
  const known = { ...(reason && { reason }), ...(exitCode !== undefined && { exitCode }) }
  return { ok: true, value: { status, ...known } }
}
