import { z } from 'zod'

/**
 * An object with these fields and no other: where a field is a limit, a misspelt one would be none.
 *
 * @param forms what is expected, for whoever sends something else
 */
export function exactly<T extends z.core.$ZodLooseShape>(forms: string, shape: T) {
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `expected ${forms}, and nothing else` : undefined,
  })
}
