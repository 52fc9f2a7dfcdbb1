import { createBoard } from './board.mjs'
import { parseMessage } from './message.mjs'
import { personOf } from './person.mjs'

const MAX_VISITORS = 50
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** What somebody may send per second for a while, and all at once after a pause. */
const MESSAGES_PER_SECOND = 100
const MESSAGES_AT_ONCE = 600

const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013

/** Everybody at one board: what one does, all others see. */
export function createRoom({ title, backendId }) {
  const board = createBoard()
  /** @type {Map<import('ws').WebSocket, object>} */
  const visitors = new Map()
  let lastVisitor = 0

  function tellOthers(self, message) {
    const text = JSON.stringify(message)
    for (const socket of visitors.keys()) if (socket !== self) tell(socket, text)
  }

  function tellGone(ids) {
    if (ids.length > 0) tellOthers(undefined, { type: 'gone', ids })
  }

  function handle(socket, visitor, message) {
    const { owner } = visitor
    const { id, name, color } = visitor.shown
    switch (message.type) {
      case 'move':
        return tellOthers(socket, { type: 'cursor', id, x: message.x, y: message.y })
      case 'away':
        return tellOthers(socket, { type: 'away', id })
      case 'begin': {
        const { item, gone } = board.add(owner, { name, color, points: [message.x, message.y] })
        visitor.stroke = item.id
        tell(socket, JSON.stringify({ type: 'yours', id: item.id }))
        tellOthers(socket, { type: 'item', item, from: id })
        return tellGone(gone)
      }
      case 'draw': {
        const gone = board.extend(visitor.stroke, message.points)
        if (gone === undefined) return undefined
        const { stroke } = visitor
        tellOthers(socket, { type: 'points', id: stroke, points: message.points, from: id })
        return tellGone(gone)
      }
      case 'note': {
        const { x, y, text } = message
        const { item, gone } = board.add(owner, { name, color, x, y, text })
        tellOthers(undefined, { type: 'item', item, from: id })
        return tellGone(gone)
      }
      default:
        return tellGone(board.removeOf(owner, message.type === 'clear'))
    }
  }

  return {
    /**
     * @param {import('ws').WebSocket} socket
     * @param {import('node:http').IncomingHttpHeaders} headers of its handshake
     */
    enter(socket, headers) {
      // A frame that is too large, for one; `ws` closes the socket itself.
      socket.on('error', () => undefined)
      if (visitors.size >= MAX_VISITORS) return socket.close(TRY_AGAIN_LATER, 'the board is full')
      const id = ++lastVisitor
      const person = personOf(headers, `Guest ${id}`)
      // Whoever comes back has the same user, and so still owns what was drawn before.
      const owner = person.user === undefined ? id : `user ${person.user}`
      const shown = { id, name: person.name, color: person.color }
      const visitor = { shown, owner, stroke: undefined }
      const mayGoOn = rateLimit()
      visitors.set(socket, visitor)
      const present = [...visitors.values()].map((other) => other.shown)
      const items = board.items()
      tell(socket, JSON.stringify({ type: 'welcome', you: id, title, backendId, present, items }))
      tellOthers(socket, { type: 'joined', person: shown })

      socket.on('message', (data, isBinary) => {
        // What was sent before the other end heard of a close still comes in.
        if (socket.readyState !== socket.OPEN) return undefined
        const message = parseMessage(data, isBinary)
        if (message === undefined) return socket.close(POLICY_VIOLATION, 'not understood')
        if (!mayGoOn()) return socket.close(POLICY_VIOLATION, 'too many messages')
        return handle(socket, visitor, message)
      })
      socket.on('close', () => {
        visitors.delete(socket)
        tellOthers(socket, { type: 'left', id })
      })
    },
  }
}

function tell(socket, message) {
  // A reader this slow would have everybody's strokes pile up here.
  if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate()
  else socket.send(message)
}

function rateLimit() {
  let left = MESSAGES_AT_ONCE
  let last = performance.now()
  return () => {
    const now = performance.now()
    left = Math.min(left + ((now - last) * MESSAGES_PER_SECOND) / 1000, MESSAGES_AT_ONCE)
    last = now
    left -= 1
    return left >= 0
  }
}
