/** A status as the gate tells it to everybody who knows the backend. */
export interface Status {
  readonly status: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly termination_reason?: string
}

/**
 * Tells every status of a backend, from the first to `terminated`.
 *
 * @returns stops it before that
 */
export function followStatus(url: string, onStatus: (status: Status) => void): () => void {
  const stream = new EventSource(url)
  stream.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const status = JSON.parse(data) as Status
    if (status.status === 'terminated') stream.close()
    onStatus(status)
  })
  return () => stream.close()
}
