import { ConfigurationError } from '../refusal/configuration-error.ts'

/**
 * Refuses names that no option has, since a rule under a misspelt name would silently not hold, and
 * `undefined`, which is what a forgotten setting looks like.
 */
export function checkNames(options: object, known: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name))
      throw new ConfigurationError(`${name}: there is no such option`)
    if (value === undefined || value === null)
      throw new ConfigurationError(`${name}: it is ${String(value)}`)
  }
}

export function checkText(option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ConfigurationError(`${option}: expected text that is not empty`)
}

/** An empty list is a mistake, and must not become "no rule". */
export function checkTexts(option: string, value: unknown): readonly string[] {
  const list: unknown = typeof value === 'string' ? [value] : value
  const isList = Array.isArray(list) && list.length > 0
  if (isList && list.every((item) => typeof item === 'string' && item !== '')) return list
  throw new ConfigurationError(`${option}: expected text, or a list of texts that is not empty`)
}

export function checkSeconds(option: string, seconds: unknown, max: number, min = 0): number {
  const isSeconds = typeof seconds === 'number' && Number.isInteger(seconds)
  if (isSeconds && seconds >= min && seconds <= max) return seconds
  throw new ConfigurationError(`${option}: expected whole seconds from ${min} to ${max}`)
}

/** A URL that keys or verdicts come from: nobody on the way may read or change them. */
export function checkServiceUrl(option: string, value: unknown): string {
  const text = checkText(option, value)
  // Node 20 has no URL.parse.
  const url = URL.canParse(text) ? new URL(text) : null
  const isLoopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? '')
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  if (url === null || !isSafe || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new ConfigurationError(
      `${option}: expected an https URL without user information and fragment`,
    )
  }
  return url.href
}
