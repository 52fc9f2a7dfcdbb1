import { expect, it } from 'vitest'
import type { PermissionOptions } from '../../src/portico.ts'
import { codeOf } from '../fixtures/counted-gate.ts'
import { seenBy } from '../fixtures/seen-by.ts'
import { ticketGate, UPGRADE } from '../fixtures/ticket-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const ROOM = { party: 'main', room: 'x' }
const CONNECT = { 'main:*': ['connect'] } as const

async function bearer(claims: Readonly<Record<string, unknown>>) {
  return { authorization: `Bearer ${await mintToken(claims)}` }
}

it.for<[what: string, permissions: PermissionOptions, claims: Readonly<Record<string, unknown>>]>([
  ['the claim', { claim: 'rooms' }, { rooms: { 'main:*': ['connect', 'write'] } }],
  [
    'names in the claim',
    { claim: 'scope', named: { 'rooms:use': { 'main:*': ['connect', 'write'] } } },
    { scope: 'openid rooms:use' },
  ],
  ['everyone', { everyone: { 'main:*': ['write', 'connect'] } }, {}],
])('tells the room what %s grants, as the token would', async ([, permissions, claims]) => {
  const { issue, send, calls } = ticketGate({}, { permissions })
  const { ticket } = await issue(ROOM, await bearer(claims))
  expect(calls()).toEqual({ rooms: 0, subjects: 1 })
  const response = await send(`/parties/main/x?ticket=${ticket}`, { headers: UPGRADE })
  const { headers } = await seenBy(response)
  expect(headers['x-verified-permissions']).toBe('connect write')
  expect(headers['x-verified-subject']).toBe('alice')
  expect(calls()).toEqual({ rooms: 1, subjects: 1 })
})

it.for<[what: string, claims: Readonly<Record<string, unknown>>]>([
  ['nothing', {}],
  ['the other operations', { rooms: { 'main:*': ['read', 'write'] } }],
  ['another room', { rooms: { 'main:y': ['connect'] } }],
  ['a claim that is none', { rooms: 'main:*' }],
])('is not given to a caller who is granted %s, and no object is asked', async ([, claims]) => {
  const { order, calls } = ticketGate({}, { permissions: { claim: 'rooms' } })
  const response = await order(ROOM, await bearer(claims))
  expect([response.status, await codeOf(response)]).toEqual([403, 'forbidden'])
  expect(calls()).toEqual({ rooms: 0, subjects: 0 })
})

it('asks the policy again where it is redeemed, and is spent there', async () => {
  const { ticket } = await ticketGate({}, { permissions: { everyone: CONNECT } }).issue(ROOM)
  const stricter = ticketGate({}, { permissions: { everyone: { 'main:*': ['read'] } } })
  const path = `/parties/main/x?ticket=${ticket}`
  const refused = await stricter.send(path, { headers: UPGRADE })
  expect([refused.status, await codeOf(refused)]).toEqual([403, 'forbidden'])
  expect(stricter.calls()).toEqual({ rooms: 0, subjects: 1 })
  const again = await ticketGate().send(path, { headers: UPGRADE })
  expect([again.status, await codeOf(again)]).toEqual([401, 'token_invalid'])
})

it('tells hooks the permissions where it is redeemed', async () => {
  const seen: unknown[] = []
  const gate = ticketGate(
    {},
    {
      permissions: { everyone: CONNECT },
      onBeforeConnect: (_, { permissions }) => {
        seen.push(permissions)
      },
    },
  )
  const { ticket } = await gate.issue(ROOM)
  const response = await gate.send(`/parties/main/x?ticket=${ticket}`, { headers: UPGRADE })
  expect(response.status).toBe(101)
  expect(seen).toEqual([['connect']])
})
