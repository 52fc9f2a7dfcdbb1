import { PartySocket } from 'partysocket'
import { refusalCode } from './close-reason.ts'
import type { Gate } from './gate.ts'
import { findPart } from './parts.ts'

const MEANINGS: Readonly<Record<string, string>> = {
  credential_missing: 'Nobody said who is there. 4401 is final, so PartySocket does not try again.',
  token_invalid:
    'It reads like a token, but no configured issuer signed it. 4401 is final here too.',
}

/** Connects without a good token, once, and shows what came of it. */
export function startKnock(root: HTMLElement, gate: Gate): void {
  const verdict = findPart(root, 'verdict', HTMLElement)
  const closeCode = findPart(root, 'close-code', HTMLElement)
  const reasonText = findPart(root, 'reason', HTMLElement)
  const meaning = findPart(root, 'meaning', HTMLElement)

  function knock(query: Record<string, string>): void {
    const socket = new PartySocket({
      ...gate.socket,
      query,
      maxRetries: 0,
      shouldReconnectOnClose: () => false,
    })
    socket.addEventListener('close', ({ code, reason }) => {
      const refusal = refusalCode(reason)
      // Where nobody answered, PartySocket makes up a close of its own.
      closeCode.textContent = refusal === undefined ? 'No answer' : String(code)
      reasonText.textContent = refusal === undefined ? '' : reason
      meaning.textContent =
        (refusal === undefined ? undefined : MEANINGS[refusal]) ?? 'The gate did not say why.'
      verdict.hidden = false
    })
  }

  findPart(root, 'bare', HTMLButtonElement).addEventListener('click', () => knock({}))
  findPart(root, 'forged', HTMLButtonElement).addEventListener('click', () =>
    knock({ token: forgedToken() }),
  )
}

/** A token in perfect form, whose signature is random. */
function forgedToken(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: location.origin, sub: 'alice', iat: now, exp: now + 300 }
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) =>
    base64Url(JSON.stringify(part)),
  )
  const signature = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))
  return [...parts, base64Url(signature)].join('.')
}

function base64Url(binary: string): string {
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
