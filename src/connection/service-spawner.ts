import { soleMember, type AddressSpawner } from './address-spawner.ts'

/**
 * `{"service": "BINDING"}`: another Worker.
 *
 * @param services the only ones that can be reached
 */
export function serviceSpawner(services: ReadonlySet<string>): AddressSpawner {
  return {
    addressOf(executable) {
      const service = soleMember(executable, 'service')
      if (service === undefined) return undefined
      const isKnown = typeof service === 'string' && services.has(service)
      return isKnown ? { kind: 'service', service } : 'service: there is no such service'
    },
  }
}
