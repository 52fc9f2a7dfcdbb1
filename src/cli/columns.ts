import { printable } from './printable.ts'

const GAP = '  '

/** Rows of cells as lines whose columns stand below each other. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  // Made printable first, for this changes how long a cell is.
  const cells = rows.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of cells) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, lengthOf(cell))
  }
  return cells.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - lengthOf(cell)))
      .join(GAP)
      .trimEnd(),
  )
}

/** Names and values as lines; what is `undefined` is left out. */
export function fields(
  entries: readonly (readonly [name: string, value: string | undefined])[],
): string[] {
  const known = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return columns(known)
}

function lengthOf(text: string): number {
  return Array.from(text).length
}
