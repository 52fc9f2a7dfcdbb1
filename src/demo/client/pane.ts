import type { Gate } from './gate.ts'
import { startLog } from './message-log.ts'
import { findPart } from './parts.ts'
import { connectToRoom, type RoomConnection, type RoomMessage } from './room-connection.ts'
import { signInAs, signInWith, type Session } from './session.ts'

type State = 'signed-out' | 'connecting' | 'in-room' | 'refused'

/** One of the two visitors. */
export interface Pane {
  readonly session: Session | undefined
  /** The name that the room knows this visitor by. */
  readonly name: string | undefined
}

/** @param onChange called when there is another token or another name */
export function startPane(root: HTMLElement, gate: Gate, onChange: () => void): Pane {
  const title = findPart(root, 'name', HTMLElement)
  const status = findPart(root, 'status', HTMLElement)
  const actions = findPart(root, 'actions', HTMLElement)
  const signIn = findPart(root, 'sign-in', HTMLFormElement)
  const compose = findPart(root, 'compose', HTMLFormElement)
  const input = findPart(compose, 'input[name=text]', HTMLInputElement)
  const log = startLog(findPart(root, 'log', HTMLElement))

  let session: Session | undefined
  let room: RoomConnection | undefined
  let name: string | undefined

  function show(state: State, text: string): void {
    root.dataset['state'] = state
    status.textContent = text
    signIn.hidden = state !== 'signed-out'
    actions.hidden = state === 'signed-out'
    compose.hidden = state === 'signed-out' || state === 'refused'
    title.textContent = name ?? title.dataset['title'] ?? ''
  }

  async function enter(given: FormData): Promise<void> {
    const sub = given.get('sub')
    const pasted = given.get('token')
    try {
      const entered = typeof sub === 'string' ? await signInAs(sub) : signInWith(pasted as string)
      // A second click may have been quicker.
      if (session !== undefined) return
      if (entered === undefined) return show('signed-out', 'That is not a JWT.')
      session = entered
      log.clear()
      connect(entered)
      // The button that had the focus is gone now.
      input.focus({ preventScroll: true })
    } catch {
      show('signed-out', 'The development issuer did not answer.')
    }
  }

  function connect(entered: Session): void {
    show('connecting', 'Connecting…')
    room = connectToRoom(gate, entered, {
      onMessage: hear,
      onToken: onChange,
      onLost: (why) => show('connecting', why),
      onRefused(why) {
        room = undefined
        log.note(`Portico refused: ${why}.`, 'alarm')
        show('refused', `Refused: ${why}`)
      },
    })
  }

  function hear(message: RoomMessage): void {
    switch (message.type) {
      case 'welcome': {
        name = message.you
        show('in-room', `In the room ${gate.room}`)
        log.note(greeting(name, message.present))
        return onChange()
      }
      case 'said':
        return log.said(message.from, message.text, message.from === name)
      case 'joined':
        return log.note(`${message.from} came in`)
      case 'left':
        return log.note(`${message.from} left`)
    }
  }

  function signOut(): void {
    room?.close()
    room = undefined
    session = undefined
    name = undefined
    log.clear()
    show('signed-out', 'Not signed in')
    signIn.reset()
    signIn.querySelector<HTMLElement>('button, input')?.focus()
    onChange()
  }

  signIn.addEventListener('submit', (event) => {
    event.preventDefault()
    void enter(new FormData(signIn, event.submitter))
  })
  compose.addEventListener('submit', (event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (text === '') return
    room?.say(text)
    input.value = ''
  })
  findPart(root, 'sign-out', HTMLButtonElement).addEventListener('click', signOut)
  findPart(root, 'reconnect', HTMLButtonElement).addEventListener('click', () => {
    if (session === undefined) return
    if (room === undefined) return connect(session)
    show('connecting', 'Reconnecting…')
    room.reconnect()
  })

  return {
    get session() {
      return session
    },
    get name() {
      return name
    },
  }
}

function greeting(you: string, present: readonly string[]): string {
  const others = present.filter((name) => name !== you)
  return others.length === 0 ? `You are ${you}` : `You are ${you}, with ${others.join(', ')}`
}
