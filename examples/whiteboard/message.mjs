/** The size of the paper, in the unit of all coordinates. */
export const WIDTH = 1200
export const HEIGHT = 900

const MAX_POINTS = 128
const MAX_NOTE_CHARACTERS = 200

/**
 * Reads what a page sent.
 *
 * @param {Buffer} data
 * @returns {{ type: string, x?: number, y?: number, points?: number[], text?: string } | undefined}
 *   `undefined`: it is nothing that the page of this server would send
 */
export function parseMessage(data, isBinary) {
  const message = isBinary ? undefined : parsed(data.toString())
  switch (message?.type) {
    case 'away':
    case 'undo':
    case 'clear':
      return { type: message.type }
    case 'move':
    case 'begin': {
      const points = pointsOf([message.x, message.y])
      return points && { type: message.type, x: points[0], y: points[1] }
    }
    case 'draw': {
      const points = pointsOf(message.points)
      return points && { type: 'draw', points }
    }
    case 'note': {
      const points = pointsOf([message.x, message.y])
      const text = noteOf(message.text)
      return points && text && { type: 'note', x: points[0], y: points[1], text }
    }
    default:
      return undefined
  }
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** x and y in turn, brought onto the paper. */
function pointsOf(numbers) {
  if (!Array.isArray(numbers) || numbers.length === 0 || numbers.length % 2 !== 0) return undefined
  if (numbers.length > MAX_POINTS * 2 || !numbers.every(Number.isFinite)) return undefined
  return numbers.map((number, index) => {
    const most = index % 2 === 0 ? WIDTH : HEIGHT
    return Math.round(Math.min(Math.max(number, 0), most))
  })
}

function noteOf(text) {
  if (typeof text !== 'string' || text.length > MAX_NOTE_CHARACTERS) return undefined
  return (
    text
      .toWellFormed()
      .replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim() || undefined
  )
}
