import { describe, expect, it } from 'vitest'
import { redirectWithin } from '../../src/gate/auth-redirect.ts'
import { byNameGate, FORMS } from '../fixtures/by-name-gate.ts'

const REFUSED = undefined

/** What a redirect says, and where it leads below a backend; `REFUSED` for nowhere at all. */
const redirects: readonly (readonly [redirect: string, location: string | undefined])[] = [
  ['//evil.com', REFUSED],
  ['/\\evil.com', REFUSED],
  ['\\\\evil.com', REFUSED],
  ['\\/evil.com', REFUSED],
  ['/\t/evil.com', REFUSED],
  ['\t//evil.com', REFUSED],
  ['/\r/evil.com', REFUSED],
  ['/x\r\nset-cookie: a=b', REFUSED],
  [' //evil.com', REFUSED],
  [' /x', REFUSED],
  ['/\n/evil.com', REFUSED],
  ['\0//evil.com', REFUSED],
  ['/\0/evil.com', REFUSED],
  ['/\u007f/evil.com', REFUSED],
  ['//evil%E3%80%82com', REFUSED],
  ['///evil.com', REFUSED],
  ['////evil.com', REFUSED],
  ['http:///evil.com', REFUSED],
  ['https://good.example@evil.com', REFUSED],
  ['https://good.example%2eevil.com', REFUSED],
  ['javascript:alert(1)', REFUSED],
  ['data:text/html,x', REFUSED],
  ['/..//evil.com', REFUSED],
  ['/.//evil.com', REFUSED],
  ['/a/..//evil.com', REFUSED],
  ['/%2e%2e//evil.com', REFUSED],
  ['/..\\/evil.com', REFUSED],
  ['https:evil.com', REFUSED],
  ['https:/evil.com', REFUSED],
  ['/%2f%2fevil.com', '/%2f%2fevil.com'],
  ['/%5cevil.com', REFUSED],
  ['/%09/evil.com', REFUSED],
  ['/\u2028/evil.com', '/%E2%80%A8/evil.com'],
  ['/。。/evil.com', '/%E3%80%82%E3%80%82/evil.com'],
  ['?x', REFUSED],
  ['#x', REFUSED],
  ['', REFUSED],
  ['x', REFUSED],
  ['.', REFUSED],
  ['..', REFUSED],
  ['@evil.com', REFUSED],
  [':80', REFUSED],
  ['//good.example:443/', REFUSED],
  ['//backend.invalid/x', REFUSED],
  ['/good?next=//evil', '/good?next=//evil'],
  ['/good#//evil', '/good#//evil'],
  ['/@evil.com', '/@evil.com'],
  ['/:80', '/:80'],
  ['/a//b', '/a//b'],
  ['/..', '/'],
  ['/../..', '/'],
  ['/..%2f..%2fctrl', REFUSED],
  ['/%2e%2e%2fctrl', REFUSED],
  ['/a/..;/ctrl', REFUSED],
  ['/%zz', REFUSED],
  ['/%ff', REFUSED],
]

it.for(redirects)('%j leads to %s', ([redirect, location]) => {
  const target = redirectWithin(redirect, '')
  expect(target.ok ? target.value : undefined).toBe(location)
})

describe.for(FORMS)('the link to a backend by %s', ([, homeOf]) => {
  it.for(redirects)('stays inside it, or is refused: %j', async ([redirect, location]) => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn()
    const home = new URL(`${homeOf(backendId)}/`)
    const query = `token=${token}&redirect=${encodeURIComponent(redirect)}`
    const response = await send(`${home.href}_plane_auth?${query}`, { redirect: 'manual' })
    if (location === undefined) {
      expect(response.status).toBe(400)
      expect(response.headers.has('set-cookie')).toBe(false)
      expect(await response.json()).toMatchObject({
        detail: 'Redirect must be relative and start with a slash.',
      })
      return
    }
    const landed = new URL(response.headers.get('location') ?? '', home)
    expect([response.status, landed.origin]).toEqual([302, home.origin])
    expect(landed.href.slice(home.origin.length)).toBe(home.pathname.slice(0, -1) + location)
  })
})
