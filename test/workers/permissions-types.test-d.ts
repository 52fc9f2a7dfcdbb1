import {
  createGate,
  jwt,
  type Grants,
  type Operation,
  type PermissionOptions,
} from '../../src/portico.ts'
import { identityOf } from '../../src/room.ts'

// Nothing here runs: it has to compile, and each marked line has to be an error.

const verify = jwt({ issuer: 'https://issuer.example', secret: 'secret' })
const rooms = { main: { binding: 'ECHO_ROOM' } } as const
const grants: Grants = { 'main:*': ['connect', 'read'] }

createGate({ verify, rooms, permissions: { claim: 'rooms' } })
createGate({ verify, rooms, permissions: { roles: { admin: grants }, named: { edit: grants } } })
createGate({ verify, rooms, permissions: { everyone: { '*': ['read'] } } })

// @ts-expect-error: there is no such operation
createGate({ verify, rooms, permissions: { everyone: { '*': ['delete'] } } })
// @ts-expect-error: a list of operations
createGate({ verify, rooms, permissions: { everyone: { '*': 'read' } } })
// @ts-expect-error: there is no such option
createGate({ verify, rooms, permissions: { everybody: grants } })
// @ts-expect-error: a role has its grants, no list
createGate({ verify, rooms, permissions: { roles: { admin: ['read'] } } })

createGate({
  verify,
  rooms,
  permissions: { claim: 'rooms' } satisfies PermissionOptions,
  onBeforeConnect(_, { permissions, identity }) {
    const mayWrite = permissions?.includes('write')
    // @ts-expect-error: there may be no policy
    permissions.includes('write')
    // @ts-expect-error: there is no such operation
    permissions?.includes('delete')
    // @ts-expect-error: they are the gate's to say
    permissions?.push('write')
    // @ts-expect-error: they are of a destination, and so not the identity's
    const none: unknown = identity?.permissions
    if (mayWrite === true) console.log(none)
  },
})

const caller = identityOf(new Request('https://gate.example'))
export const allowed: readonly Operation[] = caller?.permissions ?? []
// @ts-expect-error: there is no such operation
caller?.permissions?.includes('delete')
