import type { Algorithm } from '../src/portico.ts'
import { median } from './median.ts'
import type { ContestantName } from './verify-assignment.ts'

/** The verifications per second of each contestant, round by round. */
export interface Figures {
  readonly algorithm: Algorithm
  readonly rates: ReadonlyMap<ContestantName, readonly number[]>
}

const BASE: ContestantName = 'Portico, cold'

/** One row for each algorithm. Ratios are taken within a round, since a machine is not equally fast in all. */
export function markdownTable(figures: readonly Figures[]): string {
  const names = [...new Set(figures.flatMap(({ rates }) => [...rates.keys()]))]
  const head = ['', ...names]
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'))
  const lines = figures.map(({ algorithm, rates }) => [
    algorithm,
    ...names.map((name) => cellOf(rates.get(name), rates.get(BASE))),
  ])
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cellOf(rates: readonly number[] | undefined, base: readonly number[] | undefined): string {
  if (rates === undefined) return '–'
  const ratios = rates.map((rate, round) => rate / (base?.[round] ?? Number.NaN))
  return `${Math.round(median(rates)).toLocaleString('en')} (${median(ratios).toFixed(2)})`
}
