/**
 * Decodes canonical base64url: no padding, no white space, no other alphabet, unused bits zero.
 * A lenient decoder reads many texts as one token, and whoever revokes by text then misses some.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const binary = decodeToBinary(text)
  return binary === undefined ? undefined : fromBinary(binary)
}

/** The same, as a string whose characters are the bytes: of ASCII text that is the text itself. */
export function decodeToBinary(text: string): string | undefined {
  if (/[^A-Za-z0-9_-]/.test(text)) return undefined
  const extra = text.length % 4
  if (extra === 1) return undefined
  const lastBits = ALPHABET.indexOf(text.at(-1) ?? 'A')
  if ((extra === 2 && lastBits & 0b1111) || (extra === 3 && lastBits & 0b11)) return undefined
  return atob(text.replaceAll('-', '+').replaceAll('_', '/'))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Bytes of a string whose characters are bytes, as `atob` returns it. */
export function fromBinary(binary: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

export function encodeBase64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
