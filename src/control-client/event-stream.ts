export interface StreamEvent {
  readonly data: string
  /** Of the last event that had one, as `Last-Event-ID` is sent. */
  readonly id: string
}

/** A status has some hundred characters. */
const MAX_CHARACTERS = 64 * 1024

/**
 * Takes the chunks of an event stream (HTML, section 9.2.6), and gives the events that are whole.
 *
 * @param lastId of the connection before
 * @returns `undefined` for what is no event stream: it goes on without an end of a line
 */
export function eventReader(
  lastId: string,
): (chunk: Uint8Array) => readonly StreamEvent[] | undefined {
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  let id = lastId

  const take = (line: string): StreamEvent | undefined => {
    if (line === '') {
      const event = { data: data.join('\n'), id }
      const isEmpty = data.length === 0
      data = []
      return isEmpty ? undefined : event
    }
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (name === 'data') data.push(value)
    // It becomes a header: what no header can carry is no id.
    if (name === 'id' && /^[!-~]*$/.test(value)) id = value
    return undefined
  }

  return (chunk) => {
    const text = rest + decoder.decode(chunk, { stream: true })
    // A CR at the end may be the first half of a line's end.
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    const events = lines.map(take).filter((event) => event !== undefined)
    const held = data.reduce((characters, line) => characters + line.length, rest.length)
    return held > MAX_CHARACTERS ? undefined : events
  }
}
