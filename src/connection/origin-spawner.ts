import { soleMember, type AddressSpawner } from './address-spawner.ts'

/**
 * `{"origin": "http://127.0.0.1:9000"}`: a server that runs already.
 *
 * @param origins the only ones that a backend may have. Compared whole (scheme, host, port), since
 *   `https://a.example.evil.example` begins like an allowed one. `any` is for a spawner's own word.
 */
export function originSpawner(origins: ReadonlySet<string> | 'any'): AddressSpawner {
  return {
    addressOf(executable) {
      const given = soleMember(executable, 'origin')
      if (given === undefined) return undefined
      const origin = typeof given === 'string' ? originOf(given) : undefined
      if (origin === undefined)
        return 'origin: expected http:// or https://, a host and nothing more'
      if (origins !== 'any' && !origins.has(origin))
        return 'origin: it is not one that backends may have'
      return { kind: 'origin', origin }
    },
  }
}

/** @returns the origin as the platform writes it, `undefined` for what is more or less than one */
export function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { origin, href, protocol } = new URL(text)
  const isOrigin = href === `${origin}/` && (text === origin || text === href)
  return isOrigin && /^https?:$/.test(protocol) ? origin : undefined
}
