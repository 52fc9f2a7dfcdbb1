/** One `name=value` of a query string, its name decoded as a form reader would, and its text as it came. */
interface QueryPair {
  readonly name: string
  readonly value: string
  readonly text: string
}

/** Splits a raw query (with or without its `?`) and keeps every byte in `text`. */
export function queryPairs(search: string): QueryPair[] {
  const query = search.startsWith('?') ? search.slice(1) : search
  if (query === '') return []
  return query.split('&').map((text) => {
    const equals = text.indexOf('=')
    const name = equals === -1 ? text : text.slice(0, equals)
    const value = equals === -1 ? '' : text.slice(equals + 1)
    return { name: formDecode(name), value: formDecode(value), text }
  })
}

/** The query without the parameter `name`, all other bytes kept. */
export function withoutParameter(search: string, name: string): string {
  const pairs = queryPairs(search)
  const kept = pairs.filter((pair) => pair.name !== name)
  if (kept.length === pairs.length) return search
  return kept.length === 0 ? '' : `?${kept.map((pair) => pair.text).join('&')}`
}

function formDecode(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
