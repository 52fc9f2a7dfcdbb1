import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { ORIGIN } from '../fixtures/counted-gate.ts'
import {
  createGate,
  type GateOptions,
  type Identity,
  type Operation,
  type Verifier,
} from '../../src/portico.ts'

type Permissions = NonNullable<GateOptions['permissions']>

const PERMISSIONS: Permissions = {
  roles: {
    reader: { 'docs:*': ['read'] },
    'org:admin': { '*': ['connect', 'read', 'write'] },
  },
  named: { 'org:docs:write': { 'docs:*': ['read', 'write'] } },
  everyone: { 'docs:welcome': ['read'] },
}

/** What a caller may do in the room of the party `docs`, as the hook sees it. */
async function allowedTo(
  known: Pick<Identity, 'roles' | 'organization'>,
  room = 'x',
): Promise<readonly Operation[] | number> {
  const verify: Verifier = async () => ({ ok: true, value: { ...ALICE, ...known } })
  let allowed: readonly Operation[] | undefined
  const gate = createGate<Cloudflare.Env>({
    verify,
    permissions: PERMISSIONS,
    rooms: { docs: { binding: 'ECHO_ROOM' } },
    onBeforeRequest: (_, { permissions }) => void (allowed = permissions),
  })
  const headers = { authorization: 'Bearer alice' }
  const request = new Request(`${ORIGIN}/parties/docs/${room}`, { headers })
  const { status } = await gate.fetch(request, env, createExecutionContext())
  return allowed ?? status
}

const ALICE: Identity = {
  issuer: 'https://issuer.example',
  subject: 'alice',
  username: 'alice',
  session: undefined,
  userData: {},
  tokenId: undefined,
  expiresAt: 4_000_000_000,
  // Nothing is read from here unless `claim` names it.
  claims: { roles: ['org:admin'], permissions: ['org:docs:write'], '*': ['read'] },
}

const organization = { id: 'org_1', roles: [], permissions: [] }

it.for<[Pick<Identity, 'roles' | 'organization'>, readonly Operation[] | number]>([
  [{}, 403],
  [{ roles: [] }, 403],
  [{ roles: ['reader'] }, ['read']],
  [{ roles: ['writer', 'reader'] }, ['read']],
  [{ roles: ['Reader'] }, 403],
  [{ roles: ['constructor', '__proto__'] }, 403],
  [{ organization }, 403],
  [{ organization: { ...organization, roles: ['org:admin'] } }, ['connect', 'read', 'write']],
  [{ organization: { ...organization, permissions: ['org:docs:write'] } }, ['read', 'write']],
  [{ organization: { ...organization, permissions: ['org:docs:read'] } }, 403],
  // A role is no permission, and a permission no role.
  [{ organization: { ...organization, permissions: ['org:admin'] } }, 403],
  [{ roles: ['org:docs:write'] }, 403],
  [
    { roles: ['reader'], organization: { ...organization, permissions: ['org:docs:write'] } },
    ['read', 'write'],
  ],
])('%o may %o', async ([known, allowed]) => {
  expect(await allowedTo(known)).toEqual(allowed)
})

it('what everyone may do comes with what a role grants', async () => {
  expect(await allowedTo({}, 'welcome')).toEqual(['read'])
  expect(await allowedTo({ roles: ['org:admin'] }, 'welcome')).toHaveLength(3)
})

const verify: Verifier = async () => undefined

it.for<[named: string, permissions: unknown]>([
  ['permissions', {}],
  ['permissions', { everyone: {}, roles: {}, named: {} }],
  ['permissions', false],
  ['permissions.claim', { claim: '' }],
  ['permissions.claim', { claim: ['rooms'] }],
  ['permissions.roles', { roles: ['admin'] }],
  ['permissions.roles.admin', { roles: { admin: ['read'] } }],
  ['permissions.roles.admin', { roles: { admin: null } }],
  ['permissions.roles.admin.docs:*', { roles: { admin: { 'docs:*': 'read' } } }],
  ['permissions.roles.admin.docs:*', { roles: { admin: { 'docs:*': [] } } }],
  ['permissions.named.edit.docs:*', { named: { edit: { 'docs:*': ['read', 'Write'] } } }],
  ['permissions.named', { claim: 'scope', named: 'edit' }],
  ['permissions.everyone', { everyone: 'read' }],
  ['permissions.everyone.docs', { everyone: { docs: ['read'] } }],
  ['permissions.everyone.**', { everyone: { '**': ['read'] } }],
])('refuses at start, and names %s: %o', ([named, permissions]) => {
  const rooms = { docs: { binding: 'ECHO_ROOM' } } as const
  expect(() =>
    createGate<Cloudflare.Env>({ verify, rooms, permissions: permissions as Permissions }),
  ).toThrow(expect.objectContaining({ message: expect.stringMatching(startOf(named)) as string }))
})

function startOf(option: string): RegExp {
  return new RegExp(`^${option.replaceAll('*', '\\*')}: `)
}

function goOn(request: Request): Request {
  return request
}

it('refuses a policy without a verifier, which nobody would ask', () => {
  expect(() =>
    createGate<Cloudflare.Env>({
      permissions: PERMISSIONS,
      rooms: { docs: { binding: 'ECHO_ROOM', auth: 'hook', onBeforeRequest: goOn } },
    }),
  ).toThrow('permissions: they need a verifier')
})

it('refuses a party whose patterns would be those of the backends', () => {
  const rooms = { backends: { binding: 'ECHO_ROOM' } } as const
  expect(() => createGate<Cloudflare.Env>({ verify, rooms, permissions: PERMISSIONS })).toThrow(
    'rooms.backends: ',
  )
  expect(() => createGate<Cloudflare.Env>({ verify, rooms })).not.toThrow()
})
