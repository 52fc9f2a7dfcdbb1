import { findPart } from './parts.ts'

export interface TimeLeft {
  /** @param expiresAt seconds since the epoch */
  show(issuedAt: number | undefined, expiresAt: number | undefined, onExpiry: string): void
}

/** Counts a token's life down. */
export function startTimeLeft(root: HTMLElement): TimeLeft {
  const label = findPart(root, 'time-left', HTMLElement)
  const bar = findPart(root, 'time-left-bar', HTMLProgressElement)
  let shown = { issuedAt: 0, expiresAt: 0, onExpiry: '' }

  function tick(): void {
    const left = Math.max(0, Math.ceil(shown.expiresAt - Date.now() / 1000))
    const seconds = String(left % 60).padStart(2, '0')
    label.textContent = left > 0 ? `${Math.floor(left / 60)}:${seconds} left` : shown.onExpiry
    label.classList.toggle('is-over', left === 0)
    bar.max = Math.max(1, shown.expiresAt - shown.issuedAt)
    bar.value = Math.min(left, bar.max)
  }

  setInterval(tick, 1000)
  return {
    show(issuedAt, expiresAt, onExpiry) {
      const now = Date.now() / 1000
      shown = { issuedAt: issuedAt ?? now, expiresAt: expiresAt ?? now, onExpiry }
      tick()
    },
  }
}
