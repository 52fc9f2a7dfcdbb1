import { readFileSync } from 'node:fs'

/** What a process holds in memory of its own: pages of files, which the system can take back, not counted. */
export function residentMebibytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const [, kibibytes = 'NaN'] = /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? []
  return Number(kibibytes) / 1024
}
