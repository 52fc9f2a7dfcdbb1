import { createGate, jwt } from '../../src/portico.ts'
import { AUDIENCE, ISSUER } from '../../test/support/mint-token.ts'
import type { Env } from './room.ts'

export { Room } from './room.ts'

export default createGate((env: Env) => ({
  verify: jwt({ issuer: ISSUER, audience: AUDIENCE, publicKey: env.PUBLIC_KEY }),
  rooms: { room: { binding: env.ROOM } },
}))
