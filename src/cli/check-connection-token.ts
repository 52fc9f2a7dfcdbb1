import { readConnectionToken } from '../token/connection-token.ts'
import { tokenIdOf } from '../token/token-id.ts'
import { tokenKeys } from '../token/token-key.ts'
import { isoTime, notChecked, type Checked } from './checked-token.ts'
import type { Shell } from './shell.ts'

/** As the gate does before it asks any object: the tag and the expiry. */
export async function checkConnectionToken(text: string, shell: Shell): Promise<Checked> {
  const { TOKEN_KEY, TOKEN_KEY_PREVIOUS } = shell.env
  if (!TOKEN_KEY) {
    const advice = 'Set it to the TOKEN_KEY of the gate that made the token.'
    return notChecked('TOKEN_KEY is not set.', advice)
  }
  const previous = TOKEN_KEY_PREVIOUS ? [TOKEN_KEY_PREVIOUS] : []
  const keys = await tokenKeys([TOKEN_KEY, ...previous])
  const read = await readConnectionToken(text, keys, shell.now() / 1000)
  if (!read.ok) return read
  const { backend, idHash, expiresAt } = read.value
  return {
    ok: true,
    value: {
      token_id: tokenIdOf(backend, idHash),
      expires_at: expiresAt === undefined ? null : isoTime(expiresAt),
    },
  }
}
