const MAX_ITEMS = 500
/** About half a megabyte of JSON for whoever comes in. */
const MAX_COORDINATES = 100_000
const MAX_STROKE_COORDINATES = 4000

/**
 * What is on the board: strokes and notes, each with its owner. Where there is too much of it, the
 * oldest goes.
 *
 * @typedef {{ id: number, name: string, color: string, points: number[] }} Stroke
 * @typedef {{ id: number, name: string, color: string, x: number, y: number, text: string }} Note
 */
export function createBoard() {
  /** By id, the oldest first. */
  const items = new Map()
  const owners = new Map()
  let coordinates = 0
  let lastId = 0

  function remove(id) {
    coordinates -= items.get(id).points?.length ?? 0
    items.delete(id)
    owners.delete(id)
    return id
  }

  /** @returns the ids of what had to go */
  function makeRoom() {
    const gone = []
    for (const id of items.keys()) {
      const isFull = items.size > MAX_ITEMS || coordinates > MAX_COORDINATES
      if (!isFull || id === lastId) break
      gone.push(remove(id))
    }
    return gone
  }

  return {
    /** @returns {(Stroke | Note)[]} */
    items: () => [...items.values()],

    /** @returns {{ item: Stroke | Note, gone: number[] }} */
    add(owner, item) {
      const added = { id: ++lastId, ...item }
      items.set(added.id, added)
      owners.set(added.id, owner)
      coordinates += item.points?.length ?? 0
      return { item: added, gone: makeRoom() }
    },

    /** @returns what had to go; `undefined`: the stroke is gone itself, or as long as it may be */
    extend(id, points) {
      const stroke = items.get(id)
      if (stroke === undefined) return undefined
      if (stroke.points.length + points.length > MAX_STROKE_COORDINATES) return undefined
      stroke.points.push(...points)
      coordinates += points.length
      return makeRoom()
    },

    /** Takes away what an owner drew and wrote, all of it or only what came last. */
    removeOf(owner, isAll) {
      const own = [...owners].filter(([, itemOwner]) => itemOwner === owner).map(([id]) => id)
      return own.slice(isAll ? 0 : -1).map(remove)
    },
  }
}
