import { expect, it } from 'vitest'
import { connectionHeaders } from '../../src/identity/headers.ts'
import { connectionOf, identityOf } from '../../src/room.ts'

function requestWith(user: string | undefined, auth: string | undefined, secret: string): Request {
  const headers = connectionHeaders(user, auth)
  if (!headers.ok) throw new Error(headers.refusal.detail)
  const own = [
    ['x-verified-backend', 'b1'],
    ['x-verified-secret', secret],
  ] as const
  return new Request('https://room.example/', {
    headers: [...headers.value, ...own].map(([name, value]) => [name, value]),
  })
}

it.for([
  ['älice 100% "x"', { name: 'Ä', list: [1, '%41'] }, 's3cret'],
  [undefined, {}, 's3cret'],
  [undefined, undefined, ''],
] as const)('reads what the gate was told of a connection: %o, %o', ([user, auth, secret]) => {
  const json = auth === undefined ? undefined : JSON.stringify(auth)
  const request = requestWith(user, json, secret)
  expect(connectionOf(request)).toEqual({ backend: 'b1', username: user, userData: auth, secret })
  expect(identityOf(request)).toBeUndefined()
})

it('reads nothing from a request without a connection token', () => {
  expect(connectionOf(new Request('https://room.example/'))).toBeUndefined()
})
