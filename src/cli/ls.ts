import type { Command } from 'commander'
import type { Answer, ListedBackend, Portico } from '../server.ts'
import { wholeNumber } from './arguments.ts'
import { columns } from './columns.ts'
import { gateCommand, gateFailure, gateOf, type GateOptions } from './gate-command.ts'
import type { Shell } from './shell.ts'
import { span } from './times.ts'

interface Options extends GateOptions {
  readonly limit: number
}

type Listed = ListedBackend & { readonly status: string | null }

const LIMIT = 100
/** How many statuses are asked for at the same time. */
const AT_ONCE = 8

export function addList(program: Command, shell: Shell): void {
  const command = program
    .command('ls')
    .description('list the backends of a namespace, with key, status and age')
    .argument('[namespace]', 'of the keys; of a service: account/service', '')
    .option('--limit <n>', 'at most so many', wholeNumber, LIMIT)
  gateCommand(command, 'portico ls', 'portico ls acme/notes').action(list)

  async function list(namespace: string, options: Options): Promise<void> {
    const { json, limit } = options
    const portico = gateOf(shell, options)
    if (portico === undefined) return
    const listed = await gatherBackends(portico, namespace, limit)
    if (!listed.ok) return shell.fail(gateFailure(listed.error), json)
    const { backends, isComplete } = listed.value
    if (json === true) return shell.document({ backends, is_complete: isComplete })
    const rows = backends.map(({ backend_id, key, status, created_at }) => {
      const age = span(shell.now() - Date.parse(created_at))
      return [backend_id, key?.name ?? '-', status ?? '-', age]
    })
    if (rows.length > 0) shell.tell(columns([['BACKEND', 'KEY', 'STATUS', 'AGE'], ...rows]))
    else shell.remark(`There is no backend in the namespace '${namespace}'.`)
    if (!isComplete) shell.remark(`There are more than ${limit}; --limit shows them.`)
  }
}

async function gatherBackends(
  portico: Portico,
  namespace: string,
  limit: number,
): Promise<Answer<{ readonly backends: readonly Listed[]; readonly isComplete: boolean }>> {
  const found: ListedBackend[] = []
  let isComplete = true
  for await (const backend of portico.backends(namespace)) {
    if (!backend.ok) return backend
    isComplete = found.length < limit
    if (!isComplete) break
    found.push(backend.value)
  }
  const backends: Listed[] = []
  for (let at = 0; at < found.length; at += AT_ONCE) {
    const some = found.slice(at, at + AT_ONCE)
    const statuses = await Promise.all(some.map(({ backend_id }) => portico.status(backend_id)))
    for (const [index, status] of statuses.entries()) {
      const backend = some[index]
      // What ended in between is no longer known.
      if (!status.ok && status.error.kind !== 'NotFound') return status
      if (backend === undefined) continue
      backends.push({ ...backend, status: status.ok ? status.value.status : null })
    }
  }
  return { ok: true, value: { backends, isComplete } }
}
