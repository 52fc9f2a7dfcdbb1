import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/refusal/configuration-error.ts'
import { sharedSecret, type SharedSecretOptions } from '../../../src/verify/shared-secret.ts'
import { contextAt, identityFrom, NOW } from './verdict.ts'

const OLD = 'an-old-secret-of-more-than-thirty-two-characters'
const NEW = 'a-new-secret-of-more-than-thirty-two-characters!'

async function isItsOwn(options: SharedSecretOptions, token: string): Promise<boolean> {
  return (await sharedSecret(options)(token, contextAt(NOW))) !== undefined
}

describe('a shared secret', () => {
  it('proves a server, for an hour', async () => {
    expect(await identityFrom(sharedSecret({ secrets: NEW }), NEW)).toEqual({
      issuer: 'shared-secret',
      subject: 'server',
      username: 'server',
      session: undefined,
      tokenId: undefined,
      expiresAt: NOW + 3600,
      claims: {},
      userData: {},
    })
  })

  it('proves whom the options name, as long as they say', async () => {
    const options = { secrets: NEW, issuer: 'internal', subject: 'cron', lifetimeSeconds: 60 }
    expect(await identityFrom(sharedSecret(options), NEW)).toMatchObject({
      issuer: 'internal',
      subject: 'cron',
      username: 'cron',
      expiresAt: NOW + 60,
    })
  })

  it('gives an identity that no hook can write into', async () => {
    const identity = await identityFrom(sharedSecret({ secrets: NEW }), NEW)
    expect([identity, identity.claims, identity.userData].every(Object.isFrozen)).toBe(true)
  })

  it.for<[what: string, token: string]>([
    ['nothing', ''],
    ['another text', 'x'.repeat(NEW.length)],
    ['the secret without its last character', NEW.slice(0, -1)],
    ['the secret and one character more', `${NEW}x`],
    ['the secret in another case', NEW.toUpperCase()],
    ['the secret and white space', `${NEW} `],
    ['two secrets at once', `${OLD}${NEW}`],
    ['a megabyte', 'x'.repeat(1024 * 1024)],
  ])('leaves what it is not to the next verifier: %s', async ([, token]) => {
    expect(await isItsOwn({ secrets: [OLD, NEW] }, token)).toBe(false)
  })

  it('lets both in while one replaces the other, and then only the new one', async () => {
    const rotating = sharedSecret({ secrets: [NEW, OLD] })
    for (const secret of [OLD, NEW, OLD]) {
      expect(await identityFrom(rotating, secret)).toMatchObject({ subject: 'server' })
    }
    expect(await isItsOwn({ secrets: [NEW] }, OLD)).toBe(false)
    expect(await isItsOwn({ secrets: [NEW] }, NEW)).toBe(true)
  })
})

it.for<[option: string, options: object]>([
  ['secrets', {}],
  ['secrets', { secrets: '' }],
  ['secrets', { secrets: [] }],
  ['secrets', { secrets: undefined }],
  ['secrets', { secrets: 'x'.repeat(31) }],
  ['secrets', { secrets: 'x'.repeat(513) }],
  ['secrets', { secrets: [NEW, 'short'] }],
  ['secrets', { secrets: `${NEW},` }],
  ['secrets', { secrets: `${NEW} ` }],
  ['secrets', { secrets: `${NEW}é` }],
  ['secret', { secrets: NEW, secret: NEW }],
  ['issuer', { secrets: NEW, issuer: '' }],
  ['subject', { secrets: NEW, subject: 1 }],
  ['lifetimeSeconds', { secrets: NEW, lifetimeSeconds: 0 }],
  ['lifetimeSeconds', { secrets: NEW, lifetimeSeconds: 86_401 }],
])('names the option %s when it is wrong, and no value: %o', ([option, options]) => {
  const make = () => sharedSecret(options as SharedSecretOptions)
  expect(make).toThrow(ConfigurationError)
  expect(make).toThrow(new RegExp(`^${option}: (?!.*${NEW.slice(0, 10)})`))
})
