import { at, element } from './paper.js'

const CURSOR = 'M1 1 L1 15 L5 11.5 L8 18 L11 16.7 L8 10.3 L13.5 10.3 Z'

/** Who is here, as a list and as cursors on the paper. */
export function startPeople(list, cursors) {
  const people = new Map()
  let self

  function show() {
    list.replaceChildren(...shown(people, self))
  }

  return {
    reset(present, you) {
      people.clear()
      cursors.replaceChildren()
      self = you
      for (const person of present) people.set(person.id, { ...person, cursor: undefined })
      show()
    },
    join(person) {
      people.set(person.id, { ...person, cursor: undefined })
      show()
    },
    leave(id) {
      people.get(id)?.cursor?.remove()
      people.delete(id)
      show()
    },
    move(id, x, y) {
      const person = people.get(id)
      if (person === undefined) return
      if (person.cursor === undefined) {
        person.cursor = cursorOf(person)
        cursors.append(person.cursor)
      }
      at(person.cursor, x, y)
      person.cursor.classList.toggle('turned', x > 900)
      person.cursor.classList.toggle('lifted', y > 780)
    },
    hide(id) {
      const person = people.get(id)
      person?.cursor?.remove()
      if (person !== undefined) person.cursor = undefined
    },
    get: (id) => people.get(id),
  }
}

/** One entry for one person, however many pages that person has open; oneself comes first. */
function* shown(people, self) {
  const own = people.get(self)
  const entries = new Map()
  for (const person of own === undefined ? people.values() : [own, ...people.values()]) {
    if (!entries.has(keyOf(person))) entries.set(keyOf(person), person)
  }
  for (const person of entries.values()) yield entryOf(person, person === own)
}

function keyOf({ name, color }) {
  return JSON.stringify([name, color])
}

function entryOf(person, isSelf) {
  const entry = element('li', isSelf ? 'self' : '')
  const face = element('span', 'face', [...person.name][0].toUpperCase())
  face.ariaHidden = 'true'
  paint(face, person.color)
  entry.title = person.name
  entry.ariaLabel = isSelf ? `${person.name}, you` : person.name
  entry.append(face, element('bdi', 'name', person.name))
  if (isSelf) entry.append(element('span', 'you', '(you)'))
  return entry
}

function cursorOf({ name, color }) {
  const cursor = element('div', 'cursor')
  cursor.style.setProperty('--by', color)
  const label = element('bdi', 'label', name)
  paint(label, color)
  const arrow = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', CURSOR)
  arrow.append(path)
  cursor.append(arrow, label)
  return cursor
}

/** A ground of this colour, with the text colour that stands out more. */
function paint(target, color) {
  target.style.backgroundColor = color
  target.style.color = luminance(color) > 0.179 ? '#000000' : '#ffffff'
}

function luminance(color) {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(color.slice(start, start + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
