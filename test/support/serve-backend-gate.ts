import { serveWorker, type ServedWorker } from './serve-worker.ts'
import { startBackend, type BackendProcess } from './start-backend.ts'

export interface BackendGate {
  readonly worker: ServedWorker
  readonly backend: BackendProcess
  readonly stop: () => Promise<void>
}

/** Starts the backend, and a gate in front of it whose module takes the backend's origin as `ORIGIN`. */
export async function serveBackendGate(
  entry = 'test/fixtures/backend-gate.ts',
): Promise<BackendGate> {
  const backend = await startBackend()
  const worker = await serveWorker({
    entry,
    vars: { ORIGIN: backend.origin },
    rooms: { ECHO_ROOM: 'EchoRoom' },
    services: { service: 'test/fixtures/backend-service.ts' },
  })
  return {
    worker,
    backend,
    async stop() {
      // First the backend: workerd waits for the requests that are under way.
      await backend.stop()
      await worker.stop()
    },
  }
}
