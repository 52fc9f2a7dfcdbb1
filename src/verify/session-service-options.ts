/** Which tokens are the service's, how long its answers count, and what they say. */
export interface CommonSessionOptions {
  /** `https`, or `http` for a loopback name. The token never stands in it. */
  readonly url: string
  /** What all its tokens begin with. Others are left to the next verifier. */
  readonly prefix?: string
  /** What a whole token looks like. Others are left to the next verifier. */
  readonly pattern?: RegExp
  /** Whether the service also gets tokens that have the form of a JWT. Default `false`. */
  readonly jwts?: boolean
  /** How long a yes counts, and at most 5 seconds of it a no; 0 asks for every request. Default 30, at most 300. */
  readonly cacheSeconds?: number
  /** Default 5000, at most 30000. */
  readonly timeoutMs?: number
  /** The identity's issuer; an answer with another `iss` is refused. Default: `iss`, or the URL's origin. */
  readonly issuer?: string
  /** Where the answer names the subject, as a path: `user.id`. Default `sub`. */
  readonly subjectClaim?: string
  /** What becomes `x-verified-username`. Default: `username`, or else the subject. */
  readonly userClaim?: string
  /** What names the session. Default `sid`. */
  readonly sessionClaim?: string
  /** Members that become `x-verified-user-data`. Default: all but the registered claims. */
  readonly forwardClaims?: readonly string[]
  /** How long a session lasts whose end the service does not tell. Default 3600. */
  readonly lifetimeSeconds?: number
}

/** OAuth 2.0 token introspection (RFC 7662). */
export type IntrospectionOptions = CommonSessionOptions & {
  readonly form: 'introspection'
  /** One of these must be in the answer's `aud`. Without it, an answer that has an `aud` is refused. */
  readonly audience?: string | readonly string[]
} & (
    | { readonly clientId: string; readonly clientSecret: string; readonly bearer?: never }
    | { readonly bearer: string; readonly clientId?: never; readonly clientSecret?: never }
  )

/** A service that tells whose a session is: 200 with JSON means yes, 401, 403 and 404 mean no. */
export type IdentityServiceOptions = CommonSessionOptions & {
  readonly form: 'identity'
  /** The cookie that the token is sent in. Without it, it is sent as `Authorization: Bearer`. */
  readonly cookie?: string
  /** What tells the end, as a date or in seconds. Default `expires`. */
  readonly expiresClaim?: string
}

export type SessionServiceOptions = IntrospectionOptions | IdentityServiceOptions
