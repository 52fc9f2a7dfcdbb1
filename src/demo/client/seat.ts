import { findPart } from './parts.ts'

/** One person's place at the whiteboard. */
export interface Seat {
  readonly person: string
  readonly show: (url: string) => void
  readonly clear: () => void
}

/** @param onOpen called when the person wants in */
export function startSeat(root: HTMLElement, onOpen: (seat: Seat) => Promise<void>): Seat {
  const actions = findPart(root, 'actions', HTMLElement)
  const tab = findPart(root, 'tab', HTMLAnchorElement)
  const frame = findPart(root, 'frame', HTMLElement)
  const open = findPart(root, 'open', HTMLButtonElement)

  const seat: Seat = {
    person: root.dataset['seat'] ?? '',
    show(url) {
      const page = document.createElement('iframe')
      page.title = `Whiteboard, as ${seat.person}`
      // It comes from this page's origin, below its token; so it gets an origin of its own.
      page.setAttribute('sandbox', 'allow-scripts allow-forms')
      page.src = url
      tab.href = url
      frame.replaceChildren(page)
      actions.hidden = false
    },
    clear() {
      frame.replaceChildren(open)
      actions.hidden = true
    },
  }

  open.addEventListener('click', () => {
    open.disabled = true
    void onOpen(seat).finally(() => {
      open.disabled = false
    })
  })
  findPart(root, 'leave', HTMLButtonElement).addEventListener('click', () => {
    seat.clear()
    open.focus()
  })
  return seat
}
