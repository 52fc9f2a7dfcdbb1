import { readFile } from 'node:fs/promises'

/** The rows of the table of docs/strictness.md that begins so, without the blanks that align it. */
export async function documentedRows(beginning: string): Promise<readonly string[]> {
  const document = await readFile('docs/strictness.md', 'utf8')
  const lines = document.split('\n').map((line) => line.replace(/ +/g, ' '))
  const at = lines.findIndex((line) => line.startsWith(beginning))
  if (at === -1) throw new Error(`docs/strictness.md has no table that begins ${beginning}`)
  return lines.slice(at + 2, lines.indexOf('', at))
}
