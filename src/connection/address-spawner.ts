import type { BackendAddress } from '../store/backend-plan.ts'

/** What knows one kind of executable that runs already: all that its backend needs is an address. */
export interface AddressSpawner {
  /** @returns `undefined` for an executable of another kind; a text says what is wrong with this one */
  readonly addressOf: (executable: unknown) => BackendAddress | string | undefined
}

/**
 * The first that knows the executable decides. A text says what is wrong.
 *
 * @returns `undefined` where none of them knows it
 */
export function addressFor(
  executable: unknown,
  spawners: readonly AddressSpawner[],
): BackendAddress | string | undefined {
  for (const spawner of spawners) {
    const address = spawner.addressOf(executable)
    if (address !== undefined) return address
  }
  return undefined
}

/** Whether a connect call may name this address now: what it once could may be denied since. */
export function canName(address: BackendAddress, spawners: readonly AddressSpawner[]): boolean {
  const { kind, ...place } = address
  return typeof addressFor(kind === 'room' ? { room: place } : place, spawners) === 'object'
}

/** Members of an executable that is an object with this one and no other member. */
export function soleMember(executable: unknown, name: string): unknown {
  if (typeof executable !== 'object' || executable === null) return undefined
  const names = Object.keys(executable)
  return names.length === 1 && names[0] === name ? Reflect.get(executable, name) : undefined
}
