import { at, HEIGHT, WIDTH } from './paper.js'

const STEP = 15
const LARGE_STEP = 75
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

/**
 * The pen, moved by pointer or keys: where it is, and whether it is down.
 *
 * @param {{ onDown: (x: number, y: number) => void, onMove: (x: number, y: number, isDown: boolean) => void, onUp: () => void, onAway: () => void }} listener
 */
export function startPen(paper, mark, { onDown, onMove, onUp, onAway }) {
  let pointer
  let isKeyDown = false
  let place = { x: WIDTH / 2, y: HEIGHT / 2 }

  function go(x, y) {
    place = { x: Math.round(limit(x, WIDTH)), y: Math.round(limit(y, HEIGHT)) }
    at(mark, place.x, place.y)
  }

  function follow({ clientX, clientY }) {
    const box = paper.getBoundingClientRect()
    go(((clientX - box.left) / box.width) * WIDTH, ((clientY - box.top) / box.height) * HEIGHT)
  }

  function turn() {
    if (isKeyDown) return lift()
    isKeyDown = true
    mark.classList.add('down')
    return onDown(place.x, place.y)
  }

  function lift() {
    if (!isKeyDown) return
    isKeyDown = false
    mark.classList.remove('down')
    onUp()
  }

  paper.addEventListener('pointerdown', (event) => {
    // Another finger, or another button, draws nothing.
    if (pointer !== undefined || event.button !== 0) return
    lift()
    pointer = event.pointerId
    paper.setPointerCapture(pointer)
    follow(event)
    onDown(place.x, place.y)
  })
  paper.addEventListener('pointermove', (event) => {
    if (pointer !== undefined && event.pointerId !== pointer) return
    if (isKeyDown) return
    const steps = event.getCoalescedEvents?.() ?? []
    for (const step of steps.length > 0 ? steps : [event]) {
      follow(step)
      onMove(place.x, place.y, pointer !== undefined)
    }
  })
  for (const type of ['pointerup', 'pointercancel']) {
    paper.addEventListener(type, (event) => {
      if (event.pointerId !== pointer) return
      pointer = undefined
      onUp()
    })
  }
  paper.addEventListener('pointerleave', () => {
    if (pointer === undefined && !isKeyDown) onAway()
  })

  paper.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key]
    if (arrow !== undefined) {
      const step = event.shiftKey ? LARGE_STEP : STEP
      go(place.x + arrow[0] * step, place.y + arrow[1] * step)
      onMove(place.x, place.y, isKeyDown)
    } else if (event.key === 'Escape') lift()
    else if (event.key !== ' ') return
    else if (!event.repeat) turn()
    event.preventDefault()
  })
  paper.addEventListener('blur', lift)
  at(mark, place.x, place.y)

  return {
    get place() {
      return place
    },
  }
}

function limit(value, most) {
  return Math.min(Math.max(value, 0), most)
}
