export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined
  readonly expiresAt: number | undefined
}

/** Reads a JWT without verifying it: that is the gate's work, and this page only shows it. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, claims] = token.split('.').slice(0, 2).map(decodePart)
  if (header === undefined || claims === undefined) return undefined
  return { header, claims, issuedAt: seconds(claims['iat']), expiresAt: seconds(claims['exp']) }
}

function decodePart(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

function seconds(claim: unknown): number | undefined {
  return typeof claim === 'number' ? claim : undefined
}
