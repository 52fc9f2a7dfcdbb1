import { median } from './median.ts'
import type { Round } from './rounds.ts'

/** The figures of one contestant over all rounds, the first contestant's as 1. */
export interface Row {
  readonly name: string
  readonly requestsPerSecond: number
  readonly cpuMicrosecondsPerRequest: number
  /** CPU per request against the first contestant's of the same round. */
  readonly cpuRatio: number
  readonly lowestCpuRatio: number
  readonly highestCpuRatio: number
  readonly objectCallsPerRequest: number
}

/**
 * Medians, since one disturbed round should not count; ratios are taken within a round.
 *
 * @param rounds in each round what every contestant took, the first contestant first
 */
export function rowOf(
  name: string,
  index: number,
  rounds: readonly (readonly Round[])[],
  objectCalls: number,
): Row {
  const own = rounds.flatMap((round) => round[index] ?? [])
  const firsts = rounds.flatMap((round) => round[0] ?? [])
  const cpu = own.map((round) => round.cpuSeconds / round.requests)
  const ratios = own.map((round, at) => round.cpuSeconds / (firsts[at]?.cpuSeconds ?? Number.NaN))
  const requests = own.reduce((sum, round) => sum + round.requests, 0)
  return {
    name,
    requestsPerSecond: median(own.map((round) => round.requests / round.seconds)),
    cpuMicrosecondsPerRequest: median(cpu) * 1e6,
    cpuRatio: median(ratios),
    lowestCpuRatio: Math.min(...ratios),
    highestCpuRatio: Math.max(...ratios),
    objectCallsPerRequest: objectCalls / requests,
  }
}

export function markdownTable(rows: readonly Row[]): string {
  const head = ['', 'requests/s', 'CPU/request', 'CPU ratio', '(range)', 'object calls/request']
  const lines = rows.map((row) => [
    row.name,
    row.requestsPerSecond.toFixed(0),
    `${row.cpuMicrosecondsPerRequest.toFixed(0)} µs`,
    row.cpuRatio.toFixed(2),
    `${row.lowestCpuRatio.toFixed(2)}–${row.highestCpuRatio.toFixed(2)}`,
    Number(row.objectCallsPerRequest.toFixed(4)).toString(),
  ])
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'))
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  return [head, rule, ...lines]
    .map((cells) => `| ${cells.map((cell, column) => pad(cell, column, widths)).join(' | ')} |`)
    .join('\n')
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0
  if (cell === '---') return cell.padEnd(width, '-')
  if (cell === '--:') return cell.padStart(width, '-')
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}
