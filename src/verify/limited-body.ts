/**
 * Reads a body as JSON, never more of it than it may have.
 *
 * @throws Error where it is larger, not JSON by its type or by its text, or not UTF-8
 */
export async function readJson(
  response: Pick<Response, 'headers' | 'body'>,
  maxBytes: number,
): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    await response.body?.cancel()
    throw new Error(`the answer is ${type} and not JSON`)
  }
  return JSON.parse(await readText(response, maxBytes))
}

/** @throws Error where the body is larger, or not UTF-8 */
export async function readText(
  { body }: Pick<Response, 'body'>,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let text = ''
  let bytes = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new Error(`the body is larger than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
