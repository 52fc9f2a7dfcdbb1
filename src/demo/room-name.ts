const DEFAULT_ROOM = 'lobby'

/** The room that the page's `?room=` asks for. */
export function roomNameFrom(query: string | undefined): string {
  // No URL can name these two: they are steps in a path, however they are encoded.
  const isStep = query === '.' || query === '..'
  // A lone surrogate has no UTF-8 form, and so cannot be in a URL either.
  return query === undefined || query === '' || isStep ? DEFAULT_ROOM : query.toWellFormed()
}

/** A room's name as a path segment that is also safe, unquoted, in a shell. */
export function encodeRoom(room: string): string {
  return encodeURIComponent(room).replace(
    /[!'()*~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
