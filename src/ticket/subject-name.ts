import { encodeBase64url } from '../verify/base64url.ts'

/** The name of the object of one person: a hash, so that names of any length and text fit. */
export async function subjectName(issuer: string, subject: string): Promise<string> {
  // As JSON: joining with a separator would let one pair of names be read as another.
  const bytes = new TextEncoder().encode(JSON.stringify([issuer, subject]))
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}
