import { importSPKI, jwtVerify } from 'jose'
import { routePartykitRequest } from 'partyserver'
import { AUDIENCE, ISSUER } from '../../test/support/mint-token.ts'
import type { Env } from './room.ts'

export { Room } from './room.ts'

const RULES = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] }

let key: CryptoKey | undefined

export default {
  async fetch(request, env): Promise<Response> {
    const response = await routePartykitRequest(request, env, {
      async onBeforeRequest({ headers }) {
        const token = headers.get('authorization')?.replace(/^Bearer /, '') ?? ''
        try {
          key ??= await importSPKI(env.PUBLIC_KEY, 'RS256')
          await jwtVerify(token, key, RULES)
          return undefined
        } catch {
          return new Response('Unauthorized', { status: 401 })
        }
      },
    })
    return response ?? new Response('Not Found', { status: 404 })
  },
} satisfies ExportedHandler<Env>
