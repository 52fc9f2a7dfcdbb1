import { createGate } from '../../src/portico.ts'
import { Backend as PorticoBackend } from '../../src/objects.ts'
import type { BackendIndex, BackendKey } from '../../src/objects.ts'
import { backendObjectName } from '../../src/token/connection-token.ts'
import { CONTROL_KEYS, TOKEN_KEYS } from '../../test/support/connection-keys.ts'

export { BackendIndex, BackendKey } from '../../src/objects.ts'

interface Env {
  readonly BACKEND: DurableObjectNamespace<Backend>
  readonly BACKEND_KEY: DurableObjectNamespace<BackendKey>
  readonly BACKEND_INDEX: DurableObjectNamespace<BackendIndex>
  readonly ORIGIN: string
  readonly REMEMBER_SECONDS: string
}

let admissions = 0

/** A backend that counts how often it is asked, and can be filled without a call for each token. */
export class Backend extends PorticoBackend {
  override admit(...asked: Parameters<PorticoBackend['admit']>) {
    admissions += 1
    return super.admit(...asked)
  }

  /** Rows as connect calls leave them; a random hash is that of some token, which nobody knows. */
  fill(tokens: number): void {
    const now = Math.floor(Date.now() / 1000)
    this.ctx.storage.sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO tokens
       SELECT randomblob(32), 'user-' || i, '{"role":"editor","document":"doc-' || i || '"}', 0, ?, ?,
              NULL, NULL, NULL, NULL, NULL FROM n`,
      tokens,
      now,
      now + 24 * 3600,
    )
  }
}

const gate = createGate((env: Env) => ({
  connections: {
    backends: 'BACKEND',
    keys: 'BACKEND_KEY',
    index: 'BACKEND_INDEX',
    tokenKey: TOKEN_KEYS,
    controlKeys: CONTROL_KEYS,
    origins: [env.ORIGIN],
    rememberSeconds: Number(env.REMEMBER_SECONDS),
  },
}))

// After the gate's own routes, so that they cost nothing where it is measured.
gate.get('/admissions', (c) => c.text(String(admissions)))
gate.get('/fill', async (c) => {
  const { backend = '', tokens } = c.req.query()
  await c.env.BACKEND.getByName(await backendObjectName(backend)).fill(Number(tokens))
  return c.body(null, 204)
})

export default gate
