import { expect, it } from 'vitest'
import { codeOf, countedGate } from '../fixtures/counted-gate.ts'
import { ticketGate, TICKET_KEY, UPGRADE } from '../fixtures/ticket-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { seenBy } from '../fixtures/seen-by.ts'
import { mintToken } from '../support/mint-token.ts'

const APP = 'https://app.example.com'
const PATH = '/parties/main/x'
const OTHER_KEY = 'another-key-of-more-than-32-characters!'

it('opens one socket as the person it was given to, for two object calls', async () => {
  const { issue, send, calls } = ticketGate()
  const { ticket } = await issue()
  expect(calls()).toEqual({ rooms: 0, subjects: 1 })
  const referer = `${APP}/?ticket=${ticket}&b=2`
  const response = await send(`${PATH}?a=1&ticket=${ticket}&b=%7e`, {
    headers: { ...UPGRADE, referer },
  })
  expect(calls()).toEqual({ rooms: 1, subjects: 1 })
  const seen = await seenBy(response)
  expect(seen.headers['x-verified-subject']).toBe('alice')
  expect(seen.url).toBe(`https://gate.example${PATH}?a=1&b=%7e`)
  expect(seen.headers['referer']).toBe(`${APP}/?b=2`)
  expect(JSON.stringify(seen)).not.toContain(ticket)
})

it('comes as a subprotocol as well, which is not echoed', async () => {
  const { issue, send } = ticketGate()
  const { ticket } = await issue()
  const protocols = `portico.bearer.${ticket}, chat`
  const response = await send(PATH, {
    headers: { ...UPGRADE, 'sec-websocket-protocol': protocols },
  })
  expect(response.headers.get('sec-websocket-protocol')).toBe('chat')
  const seen = await seenBy(response)
  expect(seen.headers['x-verified-subject']).toBe('alice')
  expect(JSON.stringify(seen)).not.toContain(ticket)
})

it('is used once, on whichever carrier', async () => {
  const { issue, send } = ticketGate()
  const { ticket } = await issue()
  const first = await send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })
  expect(first.status).toBe(101)
  const second = await send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })
  expect([second.status, await codeOf(second)]).toEqual([401, 'token_invalid'])
  const third = await send(PATH, {
    headers: { ...UPGRADE, 'sec-websocket-protocol': `portico.bearer.${ticket}, chat` },
  })
  expect([third.status, await codeOf(third)]).toEqual([401, 'token_invalid'])
})

it.for<[where: string, path: string, headers: Readonly<Record<string, string>>, code: string]>([
  ['another room', '/parties/main/y', { origin: APP }, 'token_invalid'],
  ['another party', '/parties/other/x', { origin: APP }, 'token_invalid'],
  ['a place that does not exist', '/parties/nowhere/x', { origin: APP }, 'token_invalid'],
  ['another origin', PATH, { origin: 'https://evil.example' }, 'origin_refused'],
  ['no origin', PATH, {}, 'origin_refused'],
])('opens nothing at %s, and is spent there', async ([, path, headers, code]) => {
  const { issue, send, calls } = ticketGate({}, { refusedUpgrades: 'status' })
  const { ticket } = await issue(undefined, { origin: APP })
  calls()
  const wrong = await send(`${path}?ticket=${ticket}`, { headers: { ...UPGRADE, ...headers } })
  expect(await codeOf(wrong)).toBe(code)
  expect(calls()).toEqual({ rooms: 0, subjects: 1 })
  const right = await send(`${PATH}?ticket=${ticket}`, { headers: { ...UPGRADE, origin: APP } })
  expect(await codeOf(right)).toBe('token_invalid')
  expect(calls().rooms).toBe(0)
})

it('that a server was given opens nothing for a page', async () => {
  const { issue, send } = ticketGate({}, { refusedUpgrades: 'status' })
  const { ticket } = await issue()
  const response = await send(`${PATH}?ticket=${ticket}`, { headers: { ...UPGRADE, origin: APP } })
  expect(await codeOf(response)).toBe('origin_refused')
})

it('opens a socket and nothing else, whichever way it comes', async () => {
  const { issue, send, calls } = ticketGate()
  const { ticket } = await issue()
  calls()
  for (const [path, headers] of [
    [`${PATH}?ticket=${ticket}`, {}],
    [PATH, { 'sec-websocket-protocol': `portico.bearer.${ticket}, chat` }],
    [PATH, { authorization: `Bearer ${ticket}` }],
    [PATH, { cookie: `__session=${ticket}` }],
    [`${PATH}?token=${ticket}`, {}],
  ] as const) {
    const response = await send(path, { headers })
    expect(response.status, path).toBe(401)
  }
  expect(calls()).toEqual({ rooms: 0, subjects: 0 })
  expect((await send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })).status).toBe(101)
})

it('counts only in its own parameter, where no token counts', async () => {
  const { issue, send, calls } = ticketGate()
  const { ticket } = await issue()
  const another = await issue()
  calls()
  const codes: string[] = []
  for (const search of [
    `token=${ticket}`,
    `ticket=${await mintToken()}`,
    `ticket=${ticket}&token=${await mintToken()}`,
    `ticket=${ticket}&ticket=${another.ticket}`,
  ]) {
    codes.push(await codeOf(await send(`${PATH}?${search}`, { headers: UPGRADE })))
  }
  const ambiguous = 'credential_ambiguous'
  expect(codes).toEqual(['token_malformed', 'token_malformed', ambiguous, ambiguous])
  expect(calls()).toEqual({ rooms: 0, subjects: 0 })
})

it('is the application’s own parameter where the gate issues no tickets', async () => {
  const { send } = countedGate()
  const headers = { authorization: `Bearer ${await mintToken()}` }
  const response = await send(`${PATH}?ticket=mine`, { headers })
  expect((await response.json<Seen>()).url).toBe(`https://gate.example${PATH}?ticket=mine`)
  const none = await send('/_portico/tickets', { method: 'POST', headers })
  expect([none.status, await codeOf(none)]).toEqual([404, 'route_unknown'])
})

it('forged, mangled or expired wakes no object', async () => {
  const { issue, send, calls } = ticketGate()
  const foreign = await ticketGate({ key: OTHER_KEY }).issue()
  const { ticket } = await issue()
  calls()
  const mangled = Array.from(ticket, (character, index) => {
    const other = character === 'A' ? 'B' : 'A'
    return ticket.slice(0, index) + other + ticket.slice(index + 1)
  })
  const forged = [...mangled, foreign.ticket, ticket.slice(1), `${ticket}AAAA`, 'x', 'a.b.c']
  for (const text of forged) {
    const response = await send(`${PATH}?ticket=${text}`, { headers: UPGRADE })
    expect(response.status, text).toBe(401)
    expect(['token_malformed', 'token_invalid']).toContain(await codeOf(response))
  }
  expect(calls()).toEqual({ rooms: 0, subjects: 0 })
  expect((await send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })).status).toBe(101)
})

it('of the key before counts while that key is given, and not after', async () => {
  const { ticket } = await ticketGate().issue()
  const rotated = ticketGate({ key: [OTHER_KEY] })
  const refused = await rotated.send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })
  expect(await codeOf(refused)).toBe('token_invalid')
  const rotating = ticketGate({ key: [OTHER_KEY, TICKET_KEY] })
  const opened = await rotating.send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })
  expect(opened.status).toBe(101)
  // New ones are made with the first key.
  const fresh = await rotating.issue()
  const elsewhere = await rotated.send(`${PATH}?ticket=${fresh.ticket}`, { headers: UPGRADE })
  expect(elsewhere.status).toBe(101)
})

it('lets the hooks decide where it is redeemed, about the person it was given to', async () => {
  const subjects: (string | undefined)[] = []
  const gate = ticketGate(
    {},
    {
      onBeforeConnect: (_, { identity }) => {
        subjects.push(identity?.subject)
        return new Response('no', { status: 403 })
      },
      onBeforeRequest: () => new Response('no', { status: 403 }),
    },
  )
  const { ticket } = await gate.issue()
  expect(subjects).toEqual([])
  const response = await gate.send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })
  expect(response.status).toBe(403)
  expect(subjects).toEqual(['alice'])
  expect(gate.calls()).toEqual({ rooms: 0, subjects: 2 })
})

it('that cannot be kept or redeemed is an outage and no verdict', async () => {
  const { ticket } = await ticketGate().issue()
  const broken = { getByName: fail, idFromName: fail } as never
  const { send, order } = ticketGate({ subjects: broken })
  const redeemed = await send(`${PATH}?ticket=${ticket}`, { headers: UPGRADE })
  expect([redeemed.status, await codeOf(redeemed)]).toEqual([503, 'store_unavailable'])
  const issued = await order({ party: 'main', room: 'x' })
  expect([issued.status, await codeOf(issued)]).toEqual([503, 'store_unavailable'])
})

function fail(): never {
  throw new Error('the object is gone')
}
