import { ok, refuse, type Result } from '../refusal/refusal.ts'

/** Where a backend's requests go: an origin on the network, or another Worker. */
export type BackendTarget =
  | { readonly kind: 'origin'; readonly origin: string }
  | { readonly kind: 'service'; readonly service: Fetcher }

/** Hands the request on, to an origin or to another Worker. */
export async function forwardToBackend(
  target: BackendTarget,
  request: Request,
  send: typeof fetch,
): Promise<Result<Response>> {
  try {
    const response =
      target.kind === 'service' ? await target.service.fetch(request) : await send(request)
    return ok(response)
  } catch (error) {
    console.error(
      `portico: a backend failed with ${error instanceof Error ? error.name : typeof error}`,
    )
    return refuse('backend_unavailable', 'the backend cannot be reached right now')
  }
}
