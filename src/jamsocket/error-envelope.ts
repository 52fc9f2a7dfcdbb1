import { apiError } from '../control/api-error.ts'

/** An error of the control API in Jamsocket's form: the id that was logged is the one that is told. */
export async function inEnvelope(plain: Response): Promise<Response> {
  const { id, kind, message } = apiError.parse(await plain.json())
  const { status, headers } = plain
  return Response.json({ error: { message, status, code: kind, id } }, { status, headers })
}
