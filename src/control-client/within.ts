/** What became of work that had a time limit: `late` and `aborted` leave it running. */
export type Limited<T> =
  { readonly end: 'done'; readonly value: T } | { readonly end: 'late' | 'aborted' }

/**
 * Waits for work no longer than it may take. The limit is kept by the timer, not by the work: a
 * `fetch` that was handed in need not look at its signal.
 */
export function within<T>(
  milliseconds: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<Limited<T>> {
  return new Promise((resolve, reject) => {
    const stopWaiting = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    const end = (limited: Limited<T>) => {
      stopWaiting()
      resolve(limited)
    }
    const abort = () => end({ end: 'aborted' })
    const timer = setTimeout(() => end({ end: 'late' }), milliseconds)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    work
      .then((value) => end({ end: 'done', value }))
      .catch((error: unknown) => {
        stopWaiting()
        reject(error)
      })
  })
}

/** Ends early where the signal says so. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await within(milliseconds, new Promise<never>(() => {}), signal)
}
