import { findPart } from './parts.ts'
import { startSeat, type Seat } from './seat.ts'
import { followStatus, type Status } from './status-stream.ts'

type State = 'none' | 'starting' | 'ready' | 'failed'

/** What the demo's own server answers, as an application's would. */
interface Opened {
  readonly url: string
  readonly backend_id: string
  readonly status_url: string
}

const REASONS: Readonly<Record<string, string>> = {
  swept: 'nobody used it, or its time was over',
  external: 'somebody ended it',
  lost: 'its spawner was not heard of any more',
  startuptimeout: 'it did not start in time',
}

/** Opens the whiteboard for two, and shows what becomes of the process behind it. */
export function startWhiteboard(root: HTMLElement): void {
  const steps = root.querySelectorAll<HTMLElement>('[data-step]')
  // Without a spawner there is nothing to open.
  if (steps.length === 0) return
  const status = findPart(root, 'status', HTMLElement)
  const seats = [...root.querySelectorAll<HTMLElement>('[data-seat]')].map((seat) =>
    startSeat(seat, open),
  )
  let backend: string | undefined
  let scheduledAt: number | undefined
  let stopFollowing: (() => void) | undefined

  function show(state: State, text: string): void {
    root.dataset['state'] = state
    status.textContent = text
  }

  async function open(seat: Seat): Promise<void> {
    if (backend === undefined) show('starting', 'Asking for a connection…')
    try {
      const response = await fetch('/_portico/dev/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sub: seat.person }),
      })
      if (!response.ok) {
        const { detail } = (await response.json()) as { detail: string }
        return refused(`No session: ${detail}`)
      }
      const opened = (await response.json()) as Opened
      if (opened.backend_id !== backend) follow(opened)
      // The gate holds the request until the backend is ready.
      seat.show(opened.url)
    } catch {
      refused('The gate did not answer.')
    }
  }

  function refused(why: string): void {
    if (backend === undefined) show('failed', why)
    else status.textContent = why
  }

  function follow({ backend_id: id, status_url: url }: Opened): void {
    backend = id
    scheduledAt = undefined
    mark(undefined)
    stopFollowing?.()
    stopFollowing = followStatus(`${url}-stream`, (entry) => hear(id, entry))
  }

  function hear(id: string, { status: reached, time, termination_reason: reason }: Status): void {
    scheduledAt ??= time
    mark(reached)
    if (reached === 'terminated') {
      backend = undefined
      for (const seat of seats) seat.clear()
      const why = reason === undefined ? '' : `: ${REASONS[reason] ?? reason} (${reason})`
      return show('none', `Session ${id} has ended${why}`)
    }
    if (reached !== 'ready') return show('starting', `Session ${id} is ${reached}`)
    const seconds = ((time - scheduledAt) / 1000).toFixed(1)
    return show('ready', `Session ${id} was ready after ${seconds} s`)
  }

  /** A backend that ends has none of the steps any more. */
  function mark(reached: string | undefined): void {
    const names = [...steps].map((step) => step.dataset['step'])
    const last = reached === undefined ? -1 : names.indexOf(reached)
    for (const [index, step] of steps.entries()) step.classList.toggle('reached', index <= last)
  }
}
