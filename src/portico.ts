export { createGate } from './gate/create-gate.ts'
export type { GateEnv, GateVariables } from './gate/gate-env.ts'
export type {
  AuthMode,
  BackendOptions,
  CorsOptions,
  GateOptions,
  RoomOptions,
  TicketOptions,
} from './gate/options.ts'
export type { ConnectionOptions, WebhookSpawner } from './gate/connection-options.ts'
export { reportBackend, type BackendNews } from './connection/report-backend.ts'
export type { Spawner, SpawnOutcome, SpawnRequest } from './connection/spawner.ts'
export type { ControlKey, ControlScope } from './control/control-keys.ts'
export type { JamsocketServices } from './jamsocket/services.ts'
export type { CarrierOptions } from './carry/carriers.ts'
export type { BackendLobby, Hook, Lobby, RoomLobby } from './hook/lobby.ts'
export type { Caller, Claims, Identity, Organization } from './identity/identity.ts'
export type { Operation } from './identity/operation.ts'
export type { Grants } from './policy/grants.ts'
export type { PermissionOptions } from './policy/permissions.ts'
export { auth0, type Auth0Options } from './providers/auth0.ts'
export { betterAuth, type BetterAuthOptions } from './providers/better-auth.ts'
export { clerk, type ClerkOptions } from './providers/clerk.ts'
export { clerkCarriers } from './providers/clerk-publishable-key.ts'
export type { ClerkToken } from './providers/clerk-tokens.ts'
export {
  cloudflareAccess,
  cloudflareAccessCarriers,
  type CloudflareAccessOptions,
} from './providers/cloudflare-access.ts'
export { cognito, type CognitoOptions } from './providers/cognito.ts'
export { firebase, type FirebaseOptions } from './providers/firebase.ts'
export { keycloak, type KeycloakOptions } from './providers/keycloak.ts'
export { oidc, type OidcOptions } from './providers/oidc.ts'
export type { PresetOptions } from './providers/preset.ts'
export { supabase, type SupabaseOptions } from './providers/supabase.ts'
export { workos, type WorkosOptions } from './providers/workos.ts'
export { ConfigurationError } from './refusal/configuration-error.ts'
export type { Refusal, RefusalCode, Result } from './refusal/refusal.ts'
export type { Algorithm } from './verify/algorithms.ts'
export type { Jwk } from './verify/checked-jwk.ts'
export type { Identified, JwtClaims, SignedToken, TokenKind, TokenRule } from './verify/claims.ts'
export { jwt } from './verify/jwt.ts'
export type { JwtIssuerOptions } from './verify/jwt-options.ts'
export { sessionService } from './verify/session-service.ts'
export type {
  IdentityServiceOptions,
  IntrospectionOptions,
  SessionServiceOptions,
} from './verify/session-service-options.ts'
export { sharedSecret, type SharedSecretOptions } from './verify/shared-secret.ts'
export { signToken, type SigningAlgorithm, type SignTokenOptions } from './verify/sign-token.ts'
export type { PrivateJwk } from './verify/signing-key.ts'
export type { Verifier, VerifyContext } from './verify/verifier.ts'
export { TokenRefusedError, verifyToken } from './verify/verify-token.ts'
export type * as Party from './hook/partykit.ts'
