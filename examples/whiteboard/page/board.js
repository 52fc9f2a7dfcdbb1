import { connect } from './connection.js'
import { HEIGHT, startPaper, WIDTH } from './paper.js'
import { startPen } from './pen.js'
import { startPeople } from './people.js'

/** How often what the pen did is sent, and how many points a message and a stroke hold at most. */
const SEND_EVERY_MS = 40
const POINTS_PER_MESSAGE = 100
const POINTS_PER_STROKE = 1500
const LEAST_DISTANCE = 3

const byId = (id) => document.getElementById(id)
const root = byId('paper')
const status = byId('status')
const text = byId('text')
const paper = startPaper(root, byId('ink'), byId('notes'))
const people = startPeople(byId('people'), byId('cursors'))

let self
/** The stroke that is being drawn, and those of which the server has not yet said the id. */
let stroke
let unnamed = []
let unsent = []
let cursor
let timer

const pen = startPen(root, byId('pen'), {
  onDown(x, y) {
    if (self !== undefined) begin(x, y)
  },
  onMove(x, y, isDown) {
    if (!isDown || stroke === undefined) {
      cursor = { x, y }
      return soon()
    }
    if (Math.hypot(x - stroke.x, y - stroke.y) < LEAST_DISTANCE) return
    if (stroke.points >= POINTS_PER_STROKE) begin(stroke.x, stroke.y)
    stroke.x = x
    stroke.y = y
    stroke.points += 1
    paper.extend(stroke.shown, [x, y])
    unsent.push(x, y)
    soon()
  },
  onUp() {
    flush()
    stroke = undefined
  },
  onAway() {
    cursor = undefined
    send({ type: 'away' })
  },
})

const send = connect({ onMessage: hear, onLost: lost })

byId('tools').addEventListener('submit', (event) => {
  event.preventDefault()
  const written = text.value.trim()
  if (written === '' || self === undefined) return
  send({ type: 'note', text: written, ...placeForNote() })
  text.value = ''
})
byId('undo').addEventListener('click', () => send({ type: 'undo' }))
byId('clear').addEventListener('click', () => send({ type: 'clear' }))

function begin(x, y) {
  flush()
  stroke = { x, y, points: 1, shown: paper.begin({ ...self, points: [x, y] }) }
  unnamed.push(stroke.shown)
  send({ type: 'begin', x, y })
}

function soon() {
  timer ??= setTimeout(flush, SEND_EVERY_MS)
}

function flush() {
  clearTimeout(timer)
  timer = undefined
  while (unsent.length > 0) {
    send({ type: 'draw', points: unsent.splice(0, POINTS_PER_MESSAGE * 2) })
  }
  if (cursor !== undefined) send({ type: 'move', ...cursor })
  cursor = undefined
}

/** Beside the pen, and not twice at the same place. */
let lastNote = { x: 0, y: 0 }
function placeForNote() {
  let { x, y } = pen.place
  while (Math.hypot(x - lastNote.x, y - lastNote.y) < 40) {
    x = (x + 60) % WIDTH
    y = (y + 110) % HEIGHT
  }
  lastNote = { x, y }
  return lastNote
}

function hear(message) {
  switch (message.type) {
    case 'welcome': {
      self = message.present.find(({ id }) => id === message.you)
      stroke = undefined
      unnamed = []
      unsent = []
      document.title = message.title
      byId('title').textContent = message.title
      people.reset(message.present, message.you)
      paper.reset(message.items)
      const session = message.backendId === '' ? '' : ` · session ${message.backendId}`
      return say(`You are ${self.name}${session}`)
    }
    case 'joined':
      people.join(message.person)
      return say(`${message.person.name} came in`)
    case 'left': {
      const { name } = people.get(message.id) ?? {}
      people.leave(message.id)
      return say(`${name} left`)
    }
    case 'cursor':
      return people.move(message.id, message.x, message.y)
    case 'away':
      return people.hide(message.id)
    case 'item': {
      const { item, from } = message
      paper.add(item)
      if (item.text !== undefined) say(`${item.name} pinned a note`)
      else people.move(from, item.points[0], item.points[1])
      return undefined
    }
    case 'points': {
      const [x, y] = message.points.slice(-2)
      paper.extend(paper.stroke(message.id), message.points)
      return people.move(message.from, x, y)
    }
    case 'yours':
      return paper.name(unnamed.shift(), message.id)
    case 'gone':
      return paper.remove(message.ids)
    default:
      return undefined
  }
}

function lost(why, isFinal) {
  self = undefined
  say(why, true)
  if (isFinal) for (const control of byId('tools').elements) control.disabled = true
}

function say(what, isAlarm = false) {
  status.textContent = what
  status.classList.toggle('alarm', isAlarm)
}
