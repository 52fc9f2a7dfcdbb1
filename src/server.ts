export type { Answer, PorticoError, PorticoErrorKind } from './control-client/answer.ts'
export { createPortico, type Portico } from './control-client/create-portico.ts'
export type {
  ConnectAnswer,
  ConnectRequest,
  ListedBackend,
  ListedToken,
  RevokeAnswer,
  RevokeRequest,
  SpawnAnswer,
  SpawnRequest,
  Status,
} from './control-client/documents.ts'
export type { Fetch, PorticoOptions } from './control-client/portico-options.ts'
export { ConfigurationError } from './refusal/configuration-error.ts'
