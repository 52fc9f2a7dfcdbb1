// The same backend, and it notes first whether another one of its key is running, or itself is.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import {
  identityOf,
  isRunning,
  type ProcessIdentity,
} from '../../../src/process-spawner/process-table.ts'

const { RUN = '', KEY = '', SESSION_BACKEND_ID: id } = process.env
const folder = join(RUN, 'keys', KEY)
mkdirSync(folder, { recursive: true })
// Written before it looks: of two that start at the same time at least one sees the other.
const own = `${id}.${process.pid}`
writeFileSync(join(folder, own), JSON.stringify(identityOf(process.pid)))
for (const other of readdirSync(folder)) {
  if (other === own) continue
  const identity = JSON.parse(readFileSync(join(folder, other), 'utf8') || '{}') as ProcessIdentity
  if (isRunning(identity)) appendFileSync(join(RUN, 'overlaps'), `${KEY}: ${other}, and ${own}\n`)
}
await import('./server.ts')
