import { errorOf, failed, type Answer } from './answer.ts'
import type { Check } from './documents.ts'
import type { Gate } from './portico-options.ts'
import { pause, within, type Limited } from './within.ts'

export interface Question {
  readonly method: 'GET' | 'POST'
  /** With its query. Below `/ctrl` it is asked with the control key, below `/pub` without. */
  readonly path: string
  readonly body?: string
}

const MAX_RETRIES = 2
/** Whoever is told to wait longer decides alone. */
const MAX_WAIT_SECONDS = 10

/** Asks the gate. Only what changes nothing is asked again, and only where the gate says when. */
export async function ask<T>(
  gate: Gate,
  question: Question,
  isAnswer: Check<T>,
): Promise<Answer<T>> {
  for (let retries = 0; ; retries++) {
    const answer = await askOnce(gate, question, isAnswer)
    if (answer.ok || question.method !== 'GET' || retries === MAX_RETRIES) return answer
    const { status, retryAfterSeconds = Infinity } = answer.error
    if (status !== 503 || retryAfterSeconds > MAX_WAIT_SECONDS) return answer
    await pause(retryAfterSeconds * 1000)
  }
}

async function askOnce<T>(gate: Gate, question: Question, isAnswer: Check<T>): Promise<Answer<T>> {
  const request = new AbortController()
  const reading = send(gate, question, request.signal).then(read)
  const outcome = await limited(gate, reading)
  request.abort()
  if (!outcome.ok) return outcome
  const { response, document } = outcome.value
  if (response.status !== 200) return { ok: false, error: errorOf(response, document) }
  if (isAnswer(document)) return { ok: true, value: document }
  const { status } = response
  return failed('UnexpectedAnswer', 'The answer is none of the control API.', { status })
}

/** A request as every one of them is made; its answer is not read yet. */
export async function send(
  gate: Gate,
  { method, path, body }: Question,
  signal: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { fetch, base, key } = gate
  const isOpen = path.startsWith('/pub/')
  const headers = {
    ...(!isOpen && { authorization: `Bearer ${key}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...more,
  }
  // The API redirects nowhere, and where else a redirect leads must not be told the key.
  return fetch(base + path, { method, headers, body: body ?? null, redirect: 'manual', signal })
}

/** What failed on the way, and what took too long, as the errors that they are. */
export async function limited<T>(
  gate: Gate,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<Answer<T>> {
  let outcome: Limited<T>
  try {
    outcome = await within(gate.timeoutMs, work, signal)
  } catch (error) {
    return failed('Unreachable', `The gate cannot be reached${codeOf(error)}.`)
  }
  if (outcome.end === 'done') return { ok: true, value: outcome.value }
  return failed('Timeout', `The gate has not answered within ${gate.timeoutMs} ms.`)
}

async function read(response: Response) {
  const text = await response.text()
  return { response, document: parsed(text) }
}

/** `undefined` is no JSON document. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Node's reason, `ECONNREFUSED`. The rest of an error is not told: nobody knows what it quotes. */
function codeOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : ''
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : ''
}
