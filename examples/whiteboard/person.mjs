const MAX_NAME_CHARACTERS = 40
/** Each stands out from light and from dark paper by at least 3 to 1, and from white text by 4.5. */
const COLORS = ['#0f7a67', '#b0521b', '#3d69b8', '#a1488a', '#7a6a12', '#6c55c4']

/**
 * Who the gate says is there. It drops these headers from whatever a caller sends and sets them itself.
 *
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @param {string} guest the name of somebody who has none
 * @returns {{ user: string | undefined, name: string, color: string }} no user: somebody with a link
 *   that names nobody
 */
export function personOf(headers, guest) {
  const user = decoded(headers['x-verified-username'])
  const data = parsed(headers['x-verified-user-data'])
  const name = shortText(data.name) ?? shortText(user) ?? guest
  const isColor = typeof data.color === 'string' && /^#[0-9a-f]{6}$/i.test(data.color)
  return { user, name, color: isColor ? data.color : colorOf(user ?? name) }
}

function decoded(header) {
  try {
    return header === undefined ? undefined : decodeURIComponent(header)
  } catch {
    return undefined
  }
}

function parsed(header = '{}') {
  try {
    const data = JSON.parse(header)
    return typeof data === 'object' && data !== null ? data : {}
  } catch {
    return {}
  }
}

/** Names stand in lists and beside cursors, where a long one would hide what is drawn. */
function shortText(text) {
  if (typeof text !== 'string') return undefined
  const plain = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return [...plain].slice(0, MAX_NAME_CHARACTERS).join('') || undefined
}

function colorOf(text) {
  let sum = 0
  for (const char of text) sum = (sum * 27 + char.codePointAt(0)) % 127
  return COLORS[sum % COLORS.length]
}
