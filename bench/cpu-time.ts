import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time that the threads of a process have used so far, by themselves and in the kernel. The
 * scheduler's own count is in nanoseconds, where the usual one ticks a hundred times a second.
 */
export function cpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) => {
    const statistics = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')
    return Number(statistics.split(' ')[0])
  })
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1e9
}
