import { median } from './median.ts'

/** The figures of one store, round by round beside those of the empty one of its pair. */
export interface ScaleRow {
  readonly name: string
  readonly tokens: number
  /** CPU of an admitted request. */
  readonly cpuSeconds: readonly number[]
  readonly emptyCpuSeconds: readonly number[]
  /** Mebibytes: first after requests to few backends, then after each pass over all. */
  readonly memory: readonly number[]
}

export function markdownTable(rows: readonly ScaleRow[]): string {
  const head = [
    'store',
    'live tokens',
    'CPU/request',
    'ratio',
    '(range)',
    'memory, few backends',
    'memory, all backends, pass by pass',
  ]
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'))
  const lines = rows.map(({ name, tokens, cpuSeconds, emptyCpuSeconds, memory }) => {
    const ratios = cpuSeconds.map((cpu, round) => cpu / (emptyCpuSeconds[round] ?? Number.NaN))
    const [few = Number.NaN, ...all] = memory
    return [
      name,
      tokens.toLocaleString('en'),
      `${(median(cpuSeconds) * 1e6).toFixed(0)} µs`,
      median(ratios).toFixed(2),
      `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
      `${few.toFixed(0)} MiB`,
      `${all.map((mebibytes) => mebibytes.toFixed(0)).join(', ')} MiB`,
    ]
  })
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
