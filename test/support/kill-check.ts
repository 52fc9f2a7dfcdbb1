import type { KillGate } from './kill-gate.ts'
import { acknowledgeHolder, type IssuedToken, type Ledger } from './kill-ledger.ts'

const AT_ONCE = 16

/** Compares what a gate does with what it acknowledged before it was killed. */
export async function checkLedger(ledger: Ledger, gate: KillGate): Promise<void> {
  await inBatches(ledger.tokens, (token) => checkToken(ledger, token, gate))
  await inBatches([...ledger.keys], ([key, { isStatic }]) => checkKey(ledger, key, isStatic, gate))
  const listed = await gate.backends(ledger.namespace)
  for (const [key, backendId] of ledger.holders) {
    const ids = listed.get(key) ?? []
    if (ids.length !== 1 || ids[0] !== backendId) {
      ledger.violations.push(`${key} is held by ${backendId}; the list has ${ids.join() || 'none'}`)
    }
  }
}

async function checkToken(ledger: Ledger, token: IssuedToken, gate: KillGate): Promise<void> {
  const { id, text, user, backendId, state } = token
  if (state === 'in_doubt') return
  const outcome = await gate.use(text)
  const said = typeof outcome === 'string' ? outcome : 'live'
  if (said !== (state === 'live' ? 'live' : 'token_revoked')) {
    ledger.violations.push(`${id} is ${state}, and was answered ${said}`)
  } else if (typeof outcome !== 'string') {
    const { HTTP_X_VERIFIED_BACKEND: backend, HTTP_X_VERIFIED_USERNAME: name } = outcome.cgi
    if (backend === backendId && name === user) return
    ledger.violations.push(
      `${id} stands for ${user} at ${backendId}, and was told ${name} at ${backend}`,
    )
  }
}

/** Whether acknowledged or lost on its way, a key is held by one backend from now on. */
async function checkKey(
  ledger: Ledger,
  key: string,
  isStatic: boolean,
  gate: KillGate,
): Promise<void> {
  const { namespace } = ledger
  for (let time = 1; time <= 2; time++) {
    const answer = await gate.connect({ namespace, key, isStatic, user: undefined })
    acknowledgeHolder(ledger, key, answer.backend_id)
  }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    await Promise.all(items.slice(at, at + AT_ONCE).map(work))
  }
}
