import { decodeToken, type DecodedToken } from './decode-token.ts'
import type { Gate } from './gate.ts'
import { showJson } from './json-view.ts'
import type { Pane } from './pane.ts'
import { findPart } from './parts.ts'
import type { Session } from './session.ts'
import { startTimeLeft } from './time-left.ts'

const sides = ['left', 'right'] as const
type Side = (typeof sides)[number]

const VISITORS = { left: 'First', right: 'Second' }

export interface Inspector {
  /** Follows the panes: who signs in is shown, who signs out is not. */
  readonly update: () => void
}

export function startInspector(
  root: HTMLElement,
  gate: Gate,
  panes: Readonly<Record<Side, Pane>>,
): Inspector {
  const whose = findPart(root, 'whose', HTMLElement)
  const nobody = findPart(root, 'nobody', HTMLElement)
  const somebody = findPart(root, 'somebody', HTMLElement)
  const header = findPart(root, 'header', HTMLElement)
  const claims = findPart(root, 'claims', HTMLElement)
  const seen = findPart(root, 'seen', HTMLElement)
  const timeLeft = startTimeLeft(root)
  const radios = {
    left: findPart(root, 'input[value=left]', HTMLInputElement),
    right: findPart(root, 'input[value=right]', HTMLInputElement),
  }
  const names = {
    left: findPart(root, 'left-name', HTMLElement),
    right: findPart(root, 'right-name', HTMLElement),
  }
  let shownToken: string | undefined
  const known = new Map<Side, Session | undefined>()

  function chosen(): Side {
    return radios.right.checked ? 'right' : 'left'
  }

  function render(): void {
    for (const side of sides) {
      names[side].textContent = panes[side].name ?? VISITORS[side]
    }
    whose.hidden = sides.every((side) => panes[side].session === undefined)
    const { session } = panes[chosen()]
    const token = session === undefined ? undefined : decodeToken(session.token)
    nobody.hidden = token !== undefined
    somebody.hidden = token === undefined
    if (session === undefined || token === undefined) {
      shownToken = undefined
      return
    }
    if (shownToken === session.token) return
    shownToken = session.token
    header.textContent = JSON.stringify(token.header)
    showJson(claims, token.claims, remarksOn(token))
    const onExpiry = session.isRenewable ? 'expired: the next connection renews it' : 'expired'
    timeLeft.show(token.issuedAt, token.expiresAt, onExpiry)
    void ask(session)
  }

  /** What the room answers to a plain request with this token. */
  async function ask(session: Session): Promise<void> {
    try {
      const expiresAt = decodeToken(session.token)?.expiresAt ?? Infinity
      const isOver = expiresAt <= Date.now() / 1000
      const token = isOver && session.isRenewable ? await session.next() : session.token
      const response = await fetch(gate.path, { headers: { authorization: `Bearer ${token}` } })
      const answer: unknown = await response.json()
      if (session === panes[chosen()].session) showJson(seen, answer)
    } catch {
      seen.textContent = 'The room did not answer.'
    }
    render()
  }

  root.addEventListener('change', render)
  findPart(root, 'ask', HTMLButtonElement).addEventListener('click', () => {
    const { session } = panes[chosen()]
    if (session !== undefined) void ask(session)
  })

  return {
    update() {
      for (const side of sides) {
        const { session } = panes[side]
        const isNew = session !== undefined && session !== known.get(side)
        known.set(side, session)
        if (isNew) radios[side].checked = true
      }
      const signedIn = sides.find((side) => panes[side].session !== undefined)
      if (signedIn !== undefined && panes[chosen()].session === undefined) {
        radios[signedIn].checked = true
      }
      render()
    },
  }
}

function remarksOn({ issuedAt, expiresAt }: DecodedToken): Record<string, string> {
  return {
    ...(issuedAt === undefined ? {} : { iat: clockTime(issuedAt) }),
    ...(expiresAt === undefined ? {} : { exp: clockTime(expiresAt) }),
  }
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString()
}
