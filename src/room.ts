export { connectionOf, type Connection } from './identity/connection.ts'
export { identityOf } from './identity/headers.ts'
export type { Caller } from './identity/identity.ts'
export type { Operation } from './identity/operation.ts'
