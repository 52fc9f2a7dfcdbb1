export const WIDTH = 1200
export const HEIGHT = 900

const SVG = 'http://www.w3.org/2000/svg'

/** The strokes and notes. What people write only ever becomes text, never HTML. */
export function startPaper(root, ink, notes) {
  /** @type {Map<number, Element>} */
  const items = new Map()

  function count() {
    root.classList.toggle('is-empty', ink.childElementCount + items.size === 0)
  }

  function line({ name, color, points }) {
    const stroke = document.createElementNS(SVG, 'polyline')
    stroke.style.setProperty('--by', color)
    // The second time, so that a single point is a dot.
    stroke.setAttribute('points', [...points.slice(0, 2), ...points].join(' '))
    stroke.dataset.by = name
    ink.append(stroke)
    count()
    return stroke
  }

  function note({ name, color, x, y, text }) {
    const shown = element('li', 'note')
    shown.style.setProperty('--by', color)
    shown.classList.toggle('turned', x > WIDTH * 0.7)
    shown.classList.toggle('lifted', y > HEIGHT * 0.65)
    const by = element('p', 'by')
    by.append(element('bdi', '', name))
    shown.append(element('p', 'text', text), by)
    at(shown, x, y)
    notes.append(shown)
    return shown
  }

  return {
    reset(all) {
      ink.replaceChildren()
      notes.replaceChildren()
      items.clear()
      for (const item of all) items.set(item.id, 'text' in item ? note(item) : line(item))
      count()
    },
    add(item) {
      items.set(item.id, 'text' in item ? note(item) : line(item))
      count()
    },
    /** A stroke of one's own: it is seen at once, and gets its id when the server has it. */
    begin: line,
    name(stroke, id) {
      items.set(id, stroke)
    },
    extend(stroke, points) {
      stroke?.setAttribute('points', `${stroke.getAttribute('points')} ${points.join(' ')}`)
    },
    stroke: (id) => items.get(id),
    remove(ids) {
      for (const id of ids) {
        items.get(id)?.remove()
        items.delete(id)
      }
      count()
    },
  }
}

/** Puts something where a point of the paper is. */
export function at(target, x, y) {
  target.style.left = `${(x / WIDTH) * 100}%`
  target.style.top = `${(y / HEIGHT) * 100}%`
}

export function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (text !== undefined) made.textContent = text
  return made
}
