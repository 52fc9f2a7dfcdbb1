import type { Backend, BackendIndex, BackendKey } from 'portico/objects'
import type { Notebook } from './notebook.ts'

export interface Env {
  NOTEBOOK: DurableObjectNamespace<Notebook>
  BACKEND: DurableObjectNamespace<Backend>
  BACKEND_KEY: DurableObjectNamespace<BackendKey>
  BACKEND_INDEX: DurableObjectNamespace<BackendIndex>
  TOKEN_KEY: string
  CONTROL_KEY: string
}
