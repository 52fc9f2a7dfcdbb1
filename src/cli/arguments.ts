import { InvalidArgumentError } from 'commander'

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 24 * 3600 } as const

/** `90`, `90s`, `15m`, `1h` or `7d`, in seconds. */
export function durationSeconds(text: string): number {
  const [, count, unit = 's'] = /^([0-9]{1,9})([smhd])?$/.exec(text) ?? []
  if (count === undefined) {
    throw new InvalidArgumentError('Expected a time such as 90s, 15m, 1h or 7d.')
  }
  return Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS]
}

export function wholeNumber(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError(`Expected JSON, such as '{"role":"writer"}'.`)
  }
}

/** An option that may stand several times, as a list. */
export function gathered(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** `name=value`; `undefined` as the value where there is no `=`. */
export function pairOf(text: string): readonly [name: string, value: string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
