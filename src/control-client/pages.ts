import { failed, type Answer } from './answer.ts'
import { ask } from './ask.ts'
import type { Check } from './documents.ts'
import type { Gate } from './portico-options.ts'

interface Page {
  readonly items: readonly unknown[]
  readonly next: string | undefined
}

/** What a list holds, page by page as it is asked for. An error is the last that it gives. */
export async function* itemsOf<T>(
  gate: Gate,
  path: string,
  query: Readonly<Record<string, string>>,
  list: 'backends' | 'tokens',
  isItem: Check<T>,
): AsyncGenerator<Answer<T>, void, undefined> {
  let after: string | undefined
  for (;;) {
    const parameters = new URLSearchParams({ ...query, ...(after !== undefined && { after }) })
    const question = { method: 'GET', path: `${path}?${parameters.toString()}` } as const
    const answer = await ask(gate, question, isObject)
    if (!answer.ok) {
      yield answer
      return
    }
    const page = pageOf(answer.value, list)
    // A list that leads back to where it was has no end.
    if (page === undefined || !page.items.every(isItem) || isSame(page.next, after)) {
      const status = 200
      yield failed('UnexpectedAnswer', 'The list is none of the control API.', { status })
      return
    }
    for (const value of page.items) yield { ok: true, value }
    if (page.next === undefined) return
    after = page.next
  }
}

function isObject(document: unknown): document is Readonly<Record<string, unknown>> {
  return typeof document === 'object' && document !== null
}

function pageOf(document: Readonly<Record<string, unknown>>, list: string): Page | undefined {
  const { [list]: items, next } = document
  if (!Array.isArray(items) || (next !== undefined && typeof next !== 'string')) return undefined
  return { items, next }
}

function isSame(next: string | undefined, after: string | undefined): boolean {
  return next !== undefined && next === after
}
