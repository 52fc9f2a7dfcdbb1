import { z } from 'zod'
import { MAX_NAME_BYTES } from '../route/destination.ts'

/** The schemas that the API's description names, by the name that it gives them. */
export const named = z.registry<{ readonly id: string }>()

/** Plane has these rules, but not for what comes in JSON. */
export const backendName = z
  .string()
  .regex(/^[a-z0-9-]{1,45}$/, 'expected 1 to 45 of the characters a-z, 0-9 and -')

/** A host of a URL is written in lower case, and is compared as text. */
export const clusterName = z
  .string()
  .max(260, 'it is longer than 260 characters')
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*(?::[1-9][0-9]{0,4})?$/,
    { error: 'expected host or host:port', abort: true },
  )
  .refine(isAuthority, 'expected host or host:port')
  .toLowerCase()

export const subdomain = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
    'expected 1 to 63 letters, digits and -, which is neither first nor last',
  )
  .toLowerCase()

/** A number of things, of which there may be none. */
export const count = z.int().min(0)

export const keyName = boundedText().min(1, 'it is empty')
export const namespace = boundedText()

export const backendKey = z
  .object({ name: keyName, namespace: namespace.default('') })
  .register(named, { id: 'Key' })

/** Text that becomes part of the name of an object. */
export function boundedText() {
  return z
    .string()
    .refine((text) => text.isWellFormed(), 'it is not Unicode: a surrogate stands alone')
    .refine(
      (text) => new TextEncoder().encode(text).length <= MAX_NAME_BYTES,
      `it is longer than ${MAX_NAME_BYTES} bytes`,
    )
    .meta({ maxLength: MAX_NAME_BYTES })
}

/** Whether a URL has it as it stands here: 1.2.3 would be 1.2.0.3 there, and compared as text. */
function isAuthority(cluster: string): boolean {
  const host = URL.parse(`http://${cluster}`)?.host
  return host !== undefined && [host, `${host}:80`].includes(cluster.toLowerCase())
}

/** Of a cluster that is one: a URL takes no other host for a number. */
export function isIpAddress(cluster: string): boolean {
  return /^[0-9.]+(?::|$)/.test(cluster)
}
