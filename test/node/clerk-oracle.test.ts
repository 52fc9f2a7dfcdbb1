import { readFile } from 'node:fs/promises'
import { createClerkClient } from '@clerk/backend'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  JWT_KEY,
  PARTY,
  PUBLISHABLE_KEY,
  requests,
  type ClerkRequest,
} from '../support/clerk-requests.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

type Verdict = 'in' | 'out'

/** What the gate decides differently on purpose; the reasons stand in docs/providers.md. */
const DIFFERENCES: Readonly<Record<string, readonly [clerk: Verdict, portico: Verdict]>> = {
  'bearer in small letters': ['out', 'in'],
  'Bearer and two spaces': ['out', 'in'],
  'Basic, and a good cookie': ['in', 'out'],
  'both cookies, the one with the suffix expired': ['in', 'out'],
  'a cookie without the time of sign-in': ['out', 'in'],
  'a cookie from before the last sign-in': ['out', 'in'],
  'a cookie after sign-out': ['out', 'in'],
  'two sessions in two cookies of one name': ['in', 'out'],
  'a cookie, posted by a page of another site': ['in', 'out'],
  'with an empty sub': ['in', 'out'],
  'with an exp of 1e999': ['in', 'out'],
  'with an exp in milliseconds': ['in', 'out'],
  'of another issuer': ['in', 'out'],
  'without an issuer': ['in', 'out'],
  'with an audience that nobody asked for': ['in', 'out'],
  'without a session id': ['in', 'out'],
  'with typ in small letters': ['out', 'in'],
  'with something critical': ['in', 'out'],
  'with padding': ['in', 'out'],
  'with text that is not UTF-8': ['in', 'out'],
}

interface Opinion {
  readonly verdict: Verdict
  readonly user?: string
  readonly organization?: unknown
}

const clerk = createClerkClient({ secretKey: 'sk_live_unused', publishableKey: PUBLISHABLE_KEY })

async function opinionOfClerk({ method = 'GET', headers }: ClerkRequest): Promise<Opinion> {
  const request = new Request('http://gate.example/parties/main/x', { method, headers })
  const state = await clerk.authenticateRequest(request, {
    jwtKey: JWT_KEY,
    authorizedParties: [PARTY],
  })
  const auth = state.toAuth()
  if (!state.isAuthenticated || auth?.userId == null) return { verdict: 'out' }
  const { userId, orgId, orgSlug, orgRole, orgPermissions } = auth
  if (orgId === undefined) return { verdict: 'in', user: userId }
  const organization = {
    id: orgId,
    ...(orgSlug === undefined ? {} : { slug: orgSlug }),
    roles: [orgRole],
    permissions: orgPermissions,
  }
  return { verdict: 'in', user: userId, organization }
}

let gate: ServedWorker
beforeAll(async () => {
  gate = await serveWorker({
    entry: 'test/fixtures/clerk-gate.ts',
    rooms: { ECHO_ROOM: 'EchoRoom' },
    vars: { JWT_KEY, PUBLISHABLE_KEY, AUTHORIZED_PARTY: PARTY },
  })
})
afterAll(() => gate.stop())

async function opinionOfPortico({ method = 'GET', headers }: ClerkRequest): Promise<Opinion> {
  const own = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace('http://gate.example', gate.origin),
  ])
  const response = await fetch(`${gate.origin}/parties/main/x`, {
    method,
    headers: Object.fromEntries(own) as Record<string, string>,
    redirect: 'manual',
  })
  if (response.status !== 200) {
    expect([401, 403]).toContain(response.status)
    await response.body?.cancel()
    return { verdict: 'out' }
  }
  const { headers: seen } = (await response.json()) as { headers: Record<string, string> }
  const organization = seen['x-verified-organization']
  return {
    verdict: 'in',
    user: String(seen['x-verified-subject']),
    ...(organization === undefined ? {} : { organization: JSON.parse(organization) as unknown }),
  }
}

describe('Clerk and the gate, asked about the same request', () => {
  it.for(Object.entries(requests).filter(([name]) => !(name in DIFFERENCES)))(
    'agree: %s',
    async ([, request]) => {
      expect(await opinionOfPortico(request)).toEqual(await opinionOfClerk(request))
    },
  )

  it.for(Object.entries(DIFFERENCES))('differ on purpose: %s', async ([name, [theirs, ours]]) => {
    const request = requests[name]
    if (request === undefined) throw new Error('there is no such request')
    expect((await opinionOfClerk(request)).verdict).toBe(theirs)
    expect((await opinionOfPortico(request)).verdict).toBe(ours)
    expect(theirs).not.toBe(ours)
  })
})

it('lists every difference in the documentation, and no other', async () => {
  const page = await readFile('docs/providers.md', 'utf8')
  const [, table = ''] =
    /^## Where the gate differs from Clerk's library$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(page) ??
    []
  const rows = [...table.matchAll(/^\| (?!request |-)([^|]+?) +\| (in|out) +\| (in|out) +\|/gm)]
  const documented = rows.map(([, name, theirs, ours]) => [name, [theirs, ours]])
  expect(Object.fromEntries(documented)).toEqual(DIFFERENCES)
})
