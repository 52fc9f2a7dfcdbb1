import { createGate } from 'portico'
import { containerSpawner } from './container-spawner.ts'
import type { Env } from './env.ts'
import { PARTY } from './notebook.ts'

export { Backend, BackendIndex, BackendKey } from 'portico/objects'
export { Notebook } from './notebook.ts'

/** A container is reached through a connection token, and in no other way. */
const nobody = () => new Response(null, { status: 403 })

export default createGate((env: Env) => ({
  rooms: {
    [PARTY]: {
      binding: 'NOTEBOOK',
      auth: 'hook',
      onBeforeConnect: nobody,
      onBeforeRequest: nobody,
    },
  },
  connections: {
    backends: 'BACKEND',
    keys: 'BACKEND_KEY',
    index: 'BACKEND_INDEX',
    tokenKey: env.TOKEN_KEY,
    controlKeys: [{ key: env.CONTROL_KEY, scope: 'admin' }],
    spawner: containerSpawner(env),
  },
}))
