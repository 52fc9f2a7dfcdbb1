/**
 * Logs that something failed, by the kind of the error only: its message is somebody else's and may
 * quote a token or a secret, and a stack tells where to attack.
 *
 * @param what the beginning of the sentence that the kind ends, `a hook threw`
 */
export function logFailure(what: string, error: unknown): void {
  console.error(`portico: ${what} ${error instanceof Error ? error.name : typeof error}`)
}
