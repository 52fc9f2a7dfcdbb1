// Signs a token as an issuer would, and chats with it: `npm run chat -- alice`
import { createHmac } from 'node:crypto'
import { createInterface } from 'node:readline'

const { JWT_SECRET, GATE = 'ws://localhost:8788' } = process.env
const [username = 'alice'] = process.argv.slice(2)
const socket = new WebSocket(`${GATE}/party/lobby?token=${tokenFor(username)}`)
socket.addEventListener('message', ({ data }) => console.log(data))
socket.addEventListener('error', () => console.error('the gate is not there, or refused the token'))
socket.addEventListener('close', () => process.exit())
socket.addEventListener('open', () => {
  console.log(`you are ${username}; write something`)
  createInterface({ input: process.stdin }).on('line', (line) => socket.send(line))
})

function tokenFor(sub) {
  const exp = Math.floor(Date.now() / 1000) + 3600
  const signed = [
    { alg: 'HS256', typ: 'JWT' },
    { iss: 'https://example.com', aud: 'own-room', sub, exp },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`
}
