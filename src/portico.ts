export { createGate, type GateEnv, type GateVariables } from './gate/create-gate.ts'
export type {
  AuthMode,
  BackendOptions,
  CorsOptions,
  GateOptions,
  RoomOptions,
} from './gate/options.ts'
export type { CarrierOptions } from './carry/carriers.ts'
export type { BackendLobby, Hook, Lobby, RoomLobby } from './hook/lobby.ts'
export type { Caller, Claims, Identity } from './identity/identity.ts'
export { ConfigurationError } from './refusal/configuration-error.ts'
export type { Refusal, RefusalCode, Result } from './refusal/refusal.ts'
export type { Algorithm } from './verify/algorithms.ts'
export type { Jwk } from './verify/checked-jwk.ts'
export type { JwtClaims } from './verify/claims.ts'
export { jwt } from './verify/jwt.ts'
export type { JwtIssuerOptions } from './verify/jwt-options.ts'
export type { Verifier, VerifyContext } from './verify/verifier.ts'
export { TokenRefusedError, verifyToken } from './verify/verify-token.ts'
export type * as Party from './hook/partykit.ts'
