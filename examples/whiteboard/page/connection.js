const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 10_000

/** What the gate, or the board, means by closing the socket. All else is tried again. */
const FINAL = new Map([
  [1008, 'The board did not understand this page. Load it again.'],
  [3000, 'Your link has expired. Ask for a new one.'],
  [4401, 'Your link does not count any more. Ask for a new one.'],
  [4403, 'This page may not open the board.'],
  [4404, 'There is no such board.'],
  [4410, 'This session is over. Ask for a new link.'],
])

/**
 * Keeps a socket to the board open.
 *
 * @param {{ onMessage: (message: object) => void, onLost: (why: string, isFinal: boolean) => void }} listener
 * @returns {(message: object) => void} sends, as long as the socket is open
 */
export function connect({ onMessage, onLost }) {
  // Beside the page, wherever the gate has put it.
  const url = new URL('socket', document.baseURI)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = ''
  url.hash = ''
  let socket
  let pauseMs = FIRST_PAUSE_MS

  function open() {
    socket = new WebSocket(url)
    socket.addEventListener('message', ({ data }) => {
      pauseMs = FIRST_PAUSE_MS
      onMessage(JSON.parse(data))
    })
    socket.addEventListener('close', ({ code }) => {
      const final = FINAL.get(code)
      if (final !== undefined) return onLost(final, true)
      onLost('The connection is lost. Trying again…', false)
      setTimeout(open, pauseMs * (0.75 + Math.random() / 2))
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)
    })
  }

  open()
  return (message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }
}
