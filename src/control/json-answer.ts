/** A document as JSON: it may hold a token, and is over in a moment. */
export function jsonAnswer(document: unknown): Response {
  return Response.json(document, { headers: { 'cache-control': 'no-store' } })
}
