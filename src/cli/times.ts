/** How long ago or ahead something is: `42s`, `3m`, `2h`, `5d`. Never below zero: clocks differ. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)}m`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** @param isoTime null for what does not expire */
export function expiry(isoTime: string | null, now: number): string {
  return isoTime === null ? 'never' : `${isoTime} (in ${span(Date.parse(isoTime) - now)})`
}
