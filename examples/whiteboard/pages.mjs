import { readFileSync } from 'node:fs'

/** The page is framed by the gate's own pages at most; what people write cannot become script or HTML. */
const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const FILES = {
  '/': ['index.html', 'text/html'],
  '/board.css': ['board.css', 'text/css'],
  '/paper.css': ['paper.css', 'text/css'],
  '/board.js': ['board.js', 'text/javascript'],
  '/connection.js': ['connection.js', 'text/javascript'],
  '/paper.js': ['paper.js', 'text/javascript'],
  '/pen.js': ['pen.js', 'text/javascript'],
  '/people.js': ['people.js', 'text/javascript'],
}

const answers = new Map(
  Object.entries(FILES).map(([path, [file, type]]) => {
    const body = readFileSync(new URL(`page/${file}`, import.meta.url))
    return [path, { status: 200, type, body }]
  }),
)

/**
 * What to answer: a file of the page, whether the server is well, or who the caller is.
 *
 * @param {string} path without what stands before the server's own paths
 */
export function answerTo(path, person) {
  if (path === '/healthz') return { status: 200, type: 'text/plain', body: 'ok\n' }
  if (path === '/who')
    return { status: 200, type: 'application/json', body: JSON.stringify(person) }
  return answers.get(path) ?? { status: 404, type: 'text/plain', body: 'There is nothing here.\n' }
}

export function send(response, { status, type, body }, isHead) {
  response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` })
  response.end(isHead ? undefined : body)
}
