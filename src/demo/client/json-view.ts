const PIECES = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\b(?:true|false|null)\b/gi

/**
 * Shows a value as coloured JSON.
 *
 * @param remarks what to say beside a member, by its name
 */
export function showJson(
  target: HTMLElement,
  value: unknown,
  remarks: Readonly<Record<string, string>> = {},
): void {
  target.replaceChildren()
  for (const line of JSON.stringify(value, null, 2).split('\n')) {
    const [, member] = /^ {2}"([^"]+)":/.exec(line) ?? []
    const remark = member === undefined ? undefined : remarks[member]
    const shown = piece('line', '')
    shown.append(...pieces(line))
    if (remark !== undefined) shown.append(piece('remark', `  ${remark}`))
    target.append(shown)
  }
}

function* pieces(line: string): Generator<Node | string> {
  let end = 0
  for (const found of line.matchAll(PIECES)) {
    const [text, quoted, colon] = found
    yield line.slice(end, found.index)
    end = found.index + text.length
    if (quoted === undefined) yield piece('literal', text)
    else yield piece(colon === undefined ? 'string' : 'member', text)
  }
  yield line.slice(end)
}

function piece(className: string, text: string): HTMLSpanElement {
  const span = document.createElement('span')
  span.className = className
  span.textContent = text
  return span
}
